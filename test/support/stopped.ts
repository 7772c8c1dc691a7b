import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { truthOf, type Truth } from './cut-off.ts';
import { newDesk, startExhibit, type Desk } from './exhibit.ts';
import { Gate } from './gate.ts';
import { diskBytes } from './loop.ts';

const MIB = 1_048_576;
/** Of every stopped acquisition here; it stops after the first four. */
export const STOPPED_SIZE = 12 * MIB;
const PIECE = 2 * MIB;

/** An acquisition that a person stopped when a third of it was read. */
export interface Stopped {
  readonly desk: Desk;
  readonly source: string;
  readonly folder: string;
  readonly truth: Truth;
  /** `resume FOLDER --key … MORE` */
  resume(...more: string[]): string[];
  /** The folder once more, elsewhere: what is done to it leaves the others alone. */
  copy(name: string): Stopped;
}

/** Bytes of the disk that {@link stoppedJob} images, unless it is given a source. */
function stoppedContent(): Buffer {
  return diskBytes(STOPPED_SIZE, STOPPED_SIZE % 977);
}

/** Starts an acquisition and stops it, as Ctrl-C does, at 4 of 12 MiB. */
export async function stoppedJob(
  t: TestContext,
  options: readonly string[] = [],
  sourceOf: (file: string) => string = (file) => file,
): Promise<Stopped> {
  const desk = newDesk(t);
  const source = sourceOf(desk.file('disk.img', STOPPED_SIZE));
  const gate = new Gate(desk.folder, 'read');
  const argv = desk.acquire(source, '--piece-size', '2M', '--block-size', '1M', ...options);
  // A process of its own: what it holds of the source is let go when it ends.
  const job = startExhibit(t, argv, gate);
  await gate.meanwhile(job, () => {
    job.kill('SIGINT');
  });
  const { code, stderr } = await job.ended;
  assert.equal(code, 130, stderr);
  return stoppedAt(desk, source, desk.evidence());
}

function stoppedAt(desk: Desk, source: string, folder: string): Stopped {
  return {
    desk,
    source,
    folder,
    truth: truthOf(stoppedContent(), [], PIECE),
    resume: (...more) => ['resume', folder, '--key', desk.key, ...more],
    copy: (name) => {
      const copy = join(desk.folder, name);
      cpSync(folder, copy, { recursive: true });
      return stoppedAt(desk, source, copy);
    },
  };
}
