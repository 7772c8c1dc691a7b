import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { jsonLines, newDesk, type Desk, type UnderWay } from '../support/exhibit.ts';
import { JobHere } from '../support/in-process.ts';
import { diskBytes } from '../support/loop.ts';
import { atEnd } from '../support/temp.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { caller, diskFile } from './support.ts';

export const MIB = 1024 * 1024;

/** A command that was shown to the operator. */
interface Shown {
  readonly name: string;
  readonly tells: boolean;
  readonly line: string;
}

/** What a job shows while it waits. */
export interface Offer {
  readonly host: string;
  readonly port: number;
  readonly offset: number;
  readonly fingerprint: string | null;
  readonly token: string;
  readonly commands: readonly Shown[];
}

/** A disk, a desk, and the command line that waits for it. */
export interface SentScene {
  readonly desk: Desk;
  readonly bytes: Buffer;
  readonly file: string;
  readonly argv: readonly string[];
  readonly resume: readonly string[];
}

export const PLAIN = ['--allow-plaintext', 'a lab of our own'];

export function sentScene(t: TestContext, size: number, ways: readonly string[] = PLAIN): SentScene {
  const desk = newDesk(t);
  const bytes = diskBytes(size);
  const file = diskFile(t, bytes);
  const asked = [
    '--expect-size',
    String(size),
    '--authority',
    'warrant 7',
    '--block-size',
    '1M',
    '--piece-size',
    '1M',
    '--json',
  ];
  const argv = desk.acquire(`listen://127.0.0.1:0${file}`, ...asked, ...ways);
  return { desk, bytes, file, argv, resume: ['resume', desk.evidence(), '--key', desk.key, '--json'] };
}

/** Begins a job in this process; it is stopped with the test. */
export function begin(t: TestContext, argv: readonly string[]): JobHere {
  const job = new JobHere(argv, process.env['PATH'] ?? '');
  atEnd(t, async () => {
    job.stop();
    await job.ended;
  });
  return job;
}

/** Waits for the command that a job shows. */
export async function offered(job: UnderWay): Promise<Offer> {
  const found = () => jsonLines(whole(job.stdout)).find(({ type }) => type === 'invitation');
  await job.until(() => found() !== undefined, 'the command is shown');
  const offer = found() as unknown as Omit<Offer, 'token'>;
  const token = /exhibit ([0-9a-f]{16}) /.exec(offer.commands.map(({ line }) => line).join('\n'))?.[1];
  assert.ok(token !== undefined);
  return { ...offer, token };
}

/** A last line that is still being written is left out. */
function whole(stdout: string): string {
  return stdout.slice(0, stdout.lastIndexOf('\n') + 1);
}

/** Tells the end of a stream in a connection of its own, and the hash of what is said to have been sent. */
export async function tellEnd(t: TestContext, offer: Offer, exit: number, sent: Uint8Array): Promise<void> {
  const socket = await caller(t, offer);
  socket.end(`exhibit ${offer.token} end ${exit} ${sha256(sent)} ${sent.length}\n`);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Image and disk are the same, and the folder verifies. */
export async function judgeSent({ desk, bytes }: SentScene): Promise<void> {
  assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes), 'image and disk are the same');
  await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
}
