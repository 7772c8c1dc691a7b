import * as zlib from 'node:zlib';
import type { WireMode } from '../model/remote.ts';
import { visible } from '../model/text.ts';
import type { Commands, CommandResult } from '../system/run-command.ts';

type Packed = Exclude<WireMode, 'none'>;

type ByCallback = (
  packed: Buffer,
  options: { maxOutputLength: number },
  done: (error: Error | null, bytes: Buffer) => void,
) => void;

/** What Node itself unpacks; zstd from 22.15 on. */
const BY_NODE: Readonly<Record<Packed, ByCallback | null>> = {
  gzip: zlib.gunzip,
  zstd: (zlib as unknown as { zstdDecompress?: ByCallback }).zstdDecompress ?? null,
};

/** Unpacks what was packed over there: in this process, or zstd by the station's own program where Node has none. */
export class Unpacker {
  readonly #commands: Pick<Commands, 'which' | 'stream'>;
  readonly #byNode: Readonly<Record<Packed, ByCallback | null>>;

  /** @param commands the station's, not those of the machine that packs */
  constructor(commands: Pick<Commands, 'which' | 'stream'>, byNode = BY_NODE) {
    this.#commands = commands;
    this.#byNode = byNode;
  }

  /** Whether what is packed in this way can be unpacked here. */
  can(mode: WireMode): boolean {
    if (mode === 'none' || this.#byNode[mode] !== null) return true;
    return mode === 'zstd' && this.#commands.which('zstd') !== null;
  }

  /**
   * Unpacks to exactly so many bytes: what would give more is not unpacked to its end. Rejects for what is no such
   * stream, ends early or gives another number of bytes, and when the signal says that nobody waits for it any more.
   */
  async unpack(mode: Packed, packed: Buffer, length: number, signal: AbortSignal): Promise<Buffer> {
    if (!this.can(mode)) throw new Error(`${mode} can not be unpacked here`);
    const by = this.#byNode[mode];
    const bytes =
      by === null ? await this.#byProgram(packed, length, signal) : await inProcess(by, packed, Math.max(1, length));
    if (bytes.length !== length) throw new Error(`${bytes.length} bytes were packed, ${length} were read`);
    return bytes;
  }

  /** A program for each range: one that fails, or gives too much, ends with that range. */
  async #byProgram(packed: Buffer, most: number, signal: AbortSignal): Promise<Buffer> {
    const child = this.#commands.stream(['zstd', '-d', '-c', '-q'], { pipeStdin: true });
    const kill = (): void => {
      child.kill();
    };
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
    // It may end before it has taken everything: how it ended says why.
    child.stdin?.on('error', () => undefined).end(packed);
    const parts: Buffer[] = [];
    let length = 0;
    try {
      for await (const part of child.stdout as AsyncIterable<Buffer>) {
        length += part.length;
        if (length > most) throw new Error(`it gives more than the ${most} bytes that were read`);
        parts.push(part);
      }
      const why = whyFailed(await child.done);
      if (why !== null) throw new Error(why);
      return Buffer.concat(parts, length);
    } finally {
      signal.removeEventListener('abort', kill);
      child.kill();
    }
  }
}

function inProcess(by: ByCallback, packed: Buffer, maxOutputLength: number): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    by(packed, { maxOutputLength }, (error, whole) => {
      if (error === null) resolve(whole);
      else reject(error);
    });
  });
}

/** Null: the program is content. An end of its output alone says nothing. */
function whyFailed({ exit, signal, stderr, failure }: CommandResult): string | null {
  if (exit === 0) return null;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const how = failure ?? (exit === null ? `ended by ${signal ?? 'a signal'}` : `status ${exit}`);
  return `zstd of this station: ${how}${said === '' ? '' : `, ${visible(said)}`}`;
}
