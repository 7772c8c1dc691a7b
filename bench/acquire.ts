/** Acquisition from memory to memory, against what people use today. Every peer gets the same work: MD5 and SHA-256. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { contest, type Contest, type Contestant } from './contest.ts';
import { KINDS, makeData, type Kind } from './data.ts';
import { holdingMemory } from './held-memory.ts';
import type { Options } from './options.ts';

/** exhibit's own rows: reader and engine. */
const OURS = ['direct native', 'dd native', 'direct wasm', 'dd auto'] as const;

/** Names in figures and targets. */
export const DIRECT_NATIVE = 'exhibit direct native';
export const DD_NATIVE = 'exhibit dd native';
export const DIRECT_WASM = 'exhibit direct wasm';

/** What a contestant may leave behind. */
const LEFT = ['bench', 'out', 'out.E01', 'out.md5', 'out.fifo', 'out.map', 'out.log'];

/** Options of an acquisition that only the measured part is wanted of. */
export function acquireOptions(source: string, folder: string): string {
  return `acquire ${source} --to ${folder} --case bench --evidence out --examiner bench --unsigned --no-read-back --yes`;
}

export async function measureAcquire(
  folder: string,
  exhibit: string,
  options: Options,
): Promise<Partial<Record<Kind, Contest>>> {
  const all: Partial<Record<Kind, Contest>> = {};
  for (const kind of KINDS) {
    const how =
      kind === 'random'
        ? { mebibytes: options.mebibytes, rounds: options.rounds }
        : { mebibytes: options.lessMebibytes, rounds: options.fewerRounds };
    const source = makeData(kind, folder, how.mebibytes);
    if (source === null) {
      console.log('No file system image: it takes mke2fs.');
      continue;
    }
    const contestants = acquireContestants(exhibit, source, folder);
    const clean = (): void => {
      removeLeft(folder);
    };
    all[kind] = await holdingMemory(folder, how.mebibytes, () => contest(`acquire, ${kind}`, contestants, how, clean));
    rmSync(source);
  }
  return all;
}

export function removeLeft(folder: string): void {
  for (const left of LEFT) rmSync(join(folder, left), { recursive: true, force: true });
}

export function acquireContestants(exhibit: string, source: string, folder: string): Contestant[] {
  const out = join(folder, 'out');
  const ours = OURS.map((name) => {
    const [reader = '', engine = ''] = name.split(' ');
    const command = `${exhibit} ${acquireOptions(source, folder)} --reader ${reader} --hash-engine ${engine}`;
    return { name: `exhibit ${name}`, needs: null, command };
  });
  return [
    ...ours,
    { name: 'dc3dd', needs: 'dc3dd', command: `dc3dd if=${source} of=${out} hash=md5 hash=sha256` },
    { name: 'dcfldd', needs: 'dcfldd', command: `dcfldd if=${source} of=${out} bs=1M hash=md5,sha256` },
    {
      // Hashes MD5 as well, always.
      name: 'ewfacquire',
      needs: 'ewfacquire',
      command: `ewfacquire -u -t ${out} -c none -d sha256 -f encase6 -S 7E -b 64 -C c -D d -E e -e x -N n -l ${out}.log ${source}`,
    },
    { name: 'ddrescue (no hashes)', needs: 'ddrescue', command: `ddrescue -q ${source} ${out} ${out}.map` },
    {
      // Not by `>(md5sum)`: bash does not wait for that, and its seconds would be nobody's.
      name: 'dd | tee | sha256sum',
      needs: 'dd',
      command: `mkfifo ${out}.fifo; md5sum <${out}.fifo >${out}.md5 & dd if=${source} bs=1M status=none | tee ${out} ${out}.fifo | sha256sum && wait $!`,
    },
  ];
}
