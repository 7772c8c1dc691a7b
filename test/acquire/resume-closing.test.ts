import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { closeFolder } from '../../src/acquire/close-folder.ts';
import type { ManifestBody } from '../../src/acquire/finish.ts';
import { closingNames } from '../../src/acquire/stopped/leftovers.ts';
import { folderNames } from '../../src/manifest/file-names.ts';
import { findSigningKey } from '../../src/manifest/keys.ts';
import { openSigner } from '../../src/manifest/sign.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { contentOf } from '../support/content.ts';
import { requireWhole, truthOf } from '../support/cut-off.ts';
import { DyingFiles } from '../support/dying-files.ts';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { remembered, stillWorld } from '../support/remembered.ts';
import { testPorts } from '../support/ports.ts';

const ITEM = 'HDD-01';

test(
  'a closing that was cut off at any step: resume makes it whole, and it verifies',
  { timeout: 600_000 },
  async (t) => {
    const desk = newDesk(t);
    const source = desk.file('disk.img', 65_536);
    await transcriptHere(desk.acquire(source), { exit: 0, prints: [/ACQUIRED/] });
    const body: ManifestBody = manifestOf(desk.evidence());
    for (const name of [folderNames(ITEM).report, ...closingNames(ITEM)]) rmSync(join(desk.evidence(), name));
    const key = await findSigningKey(stillWorld(), desk.key);
    const signer = await openSigner(stillWorld(), key, { interactive: false, now: 0 });
    const truth = truthOf(readFileSync(source), [], 16_777_216);
    const seen: Record<string, number> = {};
    const states = new Set<string>();
    for (let at = 0, dead = true; dead; at += 1) {
      const folder = join(desk.folder, `cut-${at}`);
      cpSync(desk.evidence(), folder, { recursive: true });
      const dying = new DyingFiles(at, 'torn');
      await closeFolder(dying.files, folder, ITEM, body, signer).catch(() => undefined);
      dead = dying.dead;
      const state = contentOf(folder);
      if (states.has(state)) continue;
      states.add(state);
      const closed = hasManifest(folder);
      const { code, stderr } = await exhibitHere(
        ['resume', folder, '--key', desk.key],
        testPorts({ commands: remembered }),
      );
      const done = /is sealed already/.test(stderr);
      assert.equal(code, done ? 2 : 0, `${dying.steps.join('\n')}\n${stderr}`);
      if (!done) assert.deepEqual(leftovers(folder), [], dying.steps.join('\n'));
      // Before its manifest it is one more session; after that only what is missing is made.
      await requireWhole(desk, folder, ITEM, truth, closed ? 1 : 2);
      const what = done ? 'sealed already' : closed ? 'closing finished' : 'gone on with';
      seen[what] = (seen[what] ?? 0) + 1;
      rmSync(folder, { recursive: true });
    }
    t.diagnostic(JSON.stringify(seen));
    for (const what of ['sealed already', 'closing finished', 'gone on with']) assert.ok((seen[what] ?? 0) > 0, what);
  },
);

function hasManifest(folder: string): boolean {
  const path = join(folder, folderNames(ITEM).manifest);
  return existsSync(path) && statSync(path).size > 0;
}

function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.new'));
}
