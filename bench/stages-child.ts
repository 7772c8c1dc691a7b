/** Runs stages of an acquisition by themselves, with the modules that do it in the program: `JSON of a StageOrder`. */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemEnv } from '../src/cli/env.ts';
import { hasherFactory } from '../src/hash/engines.ts';
import { runPipeline, type Consumer } from '../src/hash/pipeline.ts';
import type { Algorithm } from '../src/model/digest.ts';
import { readByDd } from '../src/read/dd-reader.ts';
import { readDirect } from '../src/read/direct-reader.ts';
import type { HeldSource } from '../src/read/held-source.ts';
import type { ReadLog } from '../src/read/reader.ts';
import type { RingReader } from '../src/ring/ring.ts';
import { ImageWriter } from '../src/sink/image-writer.ts';
import { systemClock } from '../src/system/clock.ts';
import { systemFiles } from '../src/system/files.ts';
import type { StageOrder, StageTime } from './stage-order.ts';

const MIB = 1024 ** 2;
/** As the profile `bench` has them, and the reading stage makes its ring of them. */
const BLOCK = 4 * MIB;
const PIECE = 16 * MIB;
const SLOTS = 10;
/** More than a processor's caches hold. */
const HASHED_BUFFER = 256 * MIB;
/** Hundredths of a second (proc(5), USER_HZ). */
const TICKS = 100;

const SILENT: ReadLog = {
  good: () => undefined,
  unreadable: () => undefined,
  readAgain: () => undefined,
  failedRead: () => undefined,
  run: () => undefined,
};

const order = JSON.parse(process.argv[2] ?? '') as StageOrder;
const time = order.kind === 'hash' ? await hashMemory(order) : await runStages(order);
process.stdout.write(`${JSON.stringify(time)}\n`);

async function runStages(stages: Extract<StageOrder, { kind: 'pipeline' }>): Promise<StageTime> {
  const source = await openSource(stages.source);
  const segment = { name: 'image', offset: 0, length: source.size };
  const writer = stages.to === null ? null : new ImageWriter(systemFiles, stages.to, [segment]);
  const hashes = stages.lanes.filter((lane): lane is Algorithm => lane !== 'pieces');
  const sink: Consumer | null = writer && ((input) => writer.consume(input, () => undefined));
  const idle = stages.lanes.length === 0 ? [passOver] : [];
  const timed = await timing(async () => {
    await runPipeline({
      slots: SLOTS,
      slotBytes: BLOCK,
      hashes,
      spanBytes: stages.lanes.includes('pieces') ? [PIECE] : [],
      chooseEngines: () =>
        Promise.resolve(
          hashes.map((algorithm) => ({
            ...{ algorithm, engine: stages.engine, why: 'as asked for' },
            ...{ wasmRate: null, sourceRate: null },
          })),
        ),
      nowMs: () => systemClock.monotonicMs(),
      producer: (out, stop) =>
        (stages.reader === 'dd' ? readByDd : readDirect)({
          ports: systemEnv([]).ports,
          source,
          range: { start: 0, end: source.size },
          retries: 0,
          readTimeoutMs: null,
          maxBadSectors: null,
          blockBytes: BLOCK,
          out,
          log: SILENT,
          checkPresent: () => Promise.resolve(),
          stop,
        }),
      consumers: sink === null ? idle : [sink],
    });
    await writer?.finish();
  });
  if (writer !== null && writer.position !== source.size) throw new Error('not all of it was written');
  await source.close();
  return timed;
}

/** Somebody must take what is read. */
async function passOver(input: RingReader): Promise<void> {
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) input.release();
}

async function openSource(path: string): Promise<HeldSource> {
  const file = await systemFiles.open(path, 'read');
  const { size } = await file.stat();
  return { file, kind: 'file', path, size, logicalSector: 512, heldBy: 'nothing', close: () => file.close() };
}

async function hashMemory({ algorithm, engine, mebibytes }: Extract<StageOrder, { kind: 'hash' }>): Promise<StageTime> {
  const buffer = randomFillSync(Buffer.alloc(Math.min(HASHED_BUFFER, mebibytes * MIB)));
  const hasher = (await hasherFactory(algorithm, engine))();
  return timing(() => {
    for (let at = 0; at < mebibytes * MIB; at += BLOCK)
      hasher.update(buffer.subarray(at % buffer.length, (at % buffer.length) + Math.min(BLOCK, mebibytes * MIB - at)));
    hasher.digest();
    return Promise.resolve();
  });
}

async function timing(work: () => Promise<void>): Promise<StageTime> {
  const [began, cpu, children] = [performance.now(), process.cpuUsage(), childrensCpu()];
  await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpu: (user + system) / 1_000_000 + childrensCpu() - children };
}

/** Seconds of programs that have ended, dd: behind the name state, and then the 13th and 14th field (proc(5)). */
function childrensCpu(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}
