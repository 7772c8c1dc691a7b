import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { closeFolder } from '../../src/acquire/close-folder.ts';
import type { ManifestBody } from '../../src/acquire/finish.ts';
import { closingNames } from '../../src/acquire/stopped/leftovers.ts';
import { folderNames } from '../../src/manifest/file-names.ts';
import { findSigningKey } from '../../src/manifest/keys.ts';
import { openSigner, type Signer } from '../../src/manifest/sign.ts';
import { systemFiles } from '../../src/system/files.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { contentOf } from '../support/content.ts';
import { DyingFiles, type Death } from '../support/dying-files.ts';
import { manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { stillWorld } from '../support/remembered.ts';

const ITEM = 'HDD-01';
const MANIFEST = `${ITEM}.manifest.json`;

/** A job as it stood just before its closing, and what the closing makes of it. */
interface Job {
  readonly desk: Desk;
  readonly before: string;
  readonly whole: string;
  readonly body: ManifestBody;
  /** Null: `--unsigned`. */
  readonly signer: Signer | null;
  readonly verdicts: Map<string, ReturnType<typeof exhibitHere>>;
}

describe('a closing', { concurrency: 2, timeout: 600_000 }, () => {
  for (const [signed, ways] of [
    [
      true,
      [
        [true, 'torn'],
        [false, 'power'],
      ],
    ],
    [false, [[false, 'torn']]],
  ] as const satisfies (readonly [boolean, readonly (readonly [boolean, Death])[]])[]) {
    test(`cut off at every step (${signed ? 'signed' : 'unsigned'}): seal finishes it, and it verifies`, async (t) => {
      const job = await acquired(t, signed);
      const finished = new Set<string>();
      for (const [hardLinks, death] of ways) {
        const seen = new Set<string>();
        for (let at = 0, dead = true; dead; at += 1) {
          const folder = copyOf(job.desk, job.before);
          const dying = new DyingFiles(at, death, hardLinks);
          await closeFolder(dying.files, folder, ITEM, job.body, job.signer).catch(() => undefined);
          dead = dying.dead;
          const state = contentOf(folder);
          if (!finished.has(state)) await mustBeFinished(job, folder, `${dying.steps.join('\n')}\n${state}`);
          finished.add(state);
          seen.add(state);
          rmSync(folder, { recursive: true });
        }
        t.diagnostic(`${hardLinks ? 'with' : 'without'} hard links, ${death}: ${seen.size} different states`);
        // Of each file: before it, half of it, all of it but its name, and with its name what it is written by.
        assert.ok(seen.size >= 3 * (signed ? 7 : 4), `only ${seen.size} states`);
      }
      t.diagnostic(`${finished.size} different states in all`);
    });
  }
});

describe('a seal', { concurrency: 2, timeout: 600_000 }, () => {
  test('of an unsigned folder, itself cut off at every step, is finished by another', async (t) => {
    const job = await acquired(t, false);
    await cutOffEverySeal(job, () => copyOf(job.desk, job.whole));
  });

  test('of an acquisition that stopped, cut off at every step up to the report, is finished by another', async (t) => {
    const job = await acquired(t, true);
    // From there on it is the closing above.
    const last = (step: string): boolean => step.startsWith('open') && step.endsWith('.txt.new');
    await cutOffEverySeal(job, () => copyOf(job.desk, job.before), last);
  });
});

async function cutOffEverySeal(
  job: Job,
  start: () => string,
  last: (step: string) => boolean = () => false,
): Promise<void> {
  const seen = new Set<string>();
  for (let at = 0, over = false; !over; at += 1) {
    const folder = start();
    const dying = new DyingFiles(at, 'torn');
    const first = await seal(job.desk, folder, stillWorld({ files: dying.files }));
    assert.equal(first.code === 0, !dying.dead, first.stderr);
    const state = contentOf(folder);
    if (dying.dead && !seen.has(state)) await mustBeSealed(job, folder, `${dying.steps.join('\n')}\n${state}`);
    seen.add(state);
    over = !dying.dead || dying.steps.some(last);
    rmSync(folder, { recursive: true });
  }
}

/** Whatever was cut off: finished by its key, or, unsigned, also without one. */
async function mustBeFinished(job: Job, folder: string, shown: string): Promise<void> {
  if (job.signer === null) {
    const copy = copyOf(job.desk, folder);
    await mustBeClosedUnsigned(job, copy, shown);
    rmSync(copy, { recursive: true });
  }
  await mustBeSealed(job, folder, shown);
}

async function mustBeSealed(job: Job, folder: string, shown: string): Promise<void> {
  const [signatures, left, stopped] = [signaturesOf(folder), leftovers(folder), !hasManifest(folder)];
  const sealed = await seal(job.desk, folder);
  if (signatures === 2) assert.match(sealed.stderr, /is sealed already/, shown);
  else {
    assert.equal(sealed.code, 0, `${shown}\n${sealed.stderr}`);
    assert.deepEqual(leftovers(folder), [], shown);
    if (!stopped) for (const name of left) assert.ok(sealed.stderr.includes(`${name} was removed`), shown);
  }
  if (stopped) assert.equal(manifestOf(folder).outcome, 'incomplete', shown);
  const { code, stdout } = await verify(job, folder);
  // An incomplete one is never more than not established.
  assert.equal(code, manifestOf(folder).outcome === 'complete' ? 0 : 4, `${shown}\n${stdout}`);
}

async function mustBeClosedUnsigned(job: Job, folder: string, shown: string): Promise<void> {
  const [left, stopped] = [leftovers(folder), !hasManifest(folder)];
  const closed = await exhibitHere(['seal', folder, '--unsigned', ...reasonFor(folder)], stillWorld());
  if (closed.code === 2) assert.match(closed.stderr, /is closed, and unsigned/, shown);
  else {
    assert.equal(closed.code, 0, `${shown}\n${closed.stderr}`);
    assert.match(closed.stdout, /^CLOSED, NOT SIGNED\./, shown);
    assert.deepEqual(leftovers(folder), [], shown);
    if (stopped) assert.equal(manifestOf(folder).outcome, 'incomplete', shown);
    else {
      for (const name of left) assert.ok(closed.stderr.includes(`${name} was removed`), shown);
      assert.equal(contentOf(folder), contentOf(job.whole), shown);
    }
  }
  const { code, stdout } = await verify(job, folder);
  assert.equal(code, 4, `${shown}\n${stdout}`);
  assert.match(stdout, /The folder is not signed/, shown);
}

function seal(desk: Desk, folder: string, ports = stillWorld()): ReturnType<typeof exhibitHere> {
  return exhibitHere(['seal', folder, '--key', desk.key, ...reasonFor(folder)], ports);
}

/** What `exhibit verify` says; once for folders that are the same byte by byte. */
function verify(job: Job, folder: string): ReturnType<typeof exhibitHere> {
  const state = contentOf(folder);
  const known = job.verdicts.get(state) ?? exhibitHere(['verify', folder, '--signers', job.desk.signers], stillWorld());
  job.verdicts.set(state, known);
  return known;
}

function reasonFor(folder: string): readonly string[] {
  return hasManifest(folder) ? [] : ['--incomplete', 'power cut'];
}

/** Without a manifest it stopped, whatever else is there. */
function hasManifest(folder: string): boolean {
  return sizeOf(join(folder, MANIFEST)) > 0;
}

/** How many of the two signatures are there. */
function signaturesOf(folder: string): number {
  return [`${MANIFEST}.sig`, 'SHA256SUMS.sig'].filter((name) => sizeOf(join(folder, name)) > 0).length;
}

function sizeOf(path: string): number {
  return existsSync(path) ? readFileSync(path).length : 0;
}

async function acquired(t: TestContext, signed: boolean): Promise<Job> {
  const desk = newDesk(t);
  const more = signed ? [] : ['--unsigned'];
  await transcriptHere(desk.acquire(desk.file('disk.img', 20_480), ...more), { exit: 0, prints: [/ACQUIRED/] });
  const before = copyOf(desk, desk.evidence());
  for (const name of [folderNames(ITEM).report, ...closingNames(ITEM)]) rmSync(join(before, name), { force: true });
  const body: ManifestBody = manifestOf(desk.evidence());
  const signer = signed ? await realSigner(desk) : null;
  const whole = copyOf(desk, before);
  await closeFolder(systemFiles, whole, ITEM, body, signer);
  return { desk, before, whole, body, signer, verdicts: new Map() };
}

function realSigner({ key }: Desk): Promise<Signer> {
  const ports = stillWorld();
  return findSigningKey(ports, key).then((found) => openSigner(ports, found, { interactive: false, now: 0 }));
}

let copies = 0;

function copyOf(desk: Desk, folder: string): string {
  const copy = join(desk.folder, `copy-${(copies += 1)}`);
  cpSync(folder, copy, { recursive: true });
  return copy;
}

function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.new'));
}
