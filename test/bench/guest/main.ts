/** The agent: runs in the machine, one scenario after another, and tells the station how each went. */
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchOrder } from '../host/initramfs.ts';
import type { BenchRecord } from '../record.ts';
import type { Scenario } from '../scenario.ts';
import { MACHINES } from '../scenarios/index.ts';
import { Bench } from './bench.ts';

const ORDER = JSON.parse(readFileSync('/exhibit/bench.json', 'utf8')) as BenchOrder;
const PORTS = '/sys/class/virtio-ports';
/** A scenario that hangs must not take the others with it. */
const LIMIT_MS = 120_000;
const UNDO_LIMIT_MS = 40_000;

const port = openSync(`/dev/${portName()}`, 'w');

async function runOne({ name, setup, command }: Scenario): Promise<void> {
  // To the console: its end shows where a machine got stuck.
  console.log(`bench: ${name}`);
  const begun = performance.now();
  const context = new Context();
  const bench = new Bench(context as unknown as TestContext);
  const outcome = await attempt(LIMIT_MS, async () => command(bench, await setup(bench)));
  const undone = await attempt(UNDO_LIMIT_MS, () => context.end());
  const error = outcome.error ?? undone.error;
  const ms = Math.round(performance.now() - begun);
  tell({ type: 'scenario', name, seen: outcome.value ?? null, ms, ...(error === undefined ? {} : { error }) });
}

/** Of a test's context, what `atEnd` uses. */
class Context {
  readonly #hooks: (() => unknown)[] = [];

  after(hook: () => unknown): void {
    this.#hooks.push(hook);
  }

  async end(): Promise<void> {
    for (const hook of this.#hooks) await hook();
  }
}

async function attempt(ms: number, act: () => Promise<unknown>): Promise<{ value?: unknown; error?: string }> {
  const done = new AbortController();
  const limit = async (): Promise<never> => {
    await pause(ms, null, { signal: done.signal });
    throw new Error(`it took longer than ${ms / 1000} s`);
  };
  try {
    return { value: await Promise.race([act(), limit()]) };
  } catch (error) {
    return { error: describe(error) };
  } finally {
    done.abort();
  }
}

function describe(error: unknown): string {
  const causes = error instanceof AggregateError ? error.errors.map(describe).join('\n') : '';
  return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${causes}`.trim();
}

function tell(record: BenchRecord): void {
  const line = Buffer.from(`${JSON.stringify(record)}\n`);
  for (let at = 0; at < line.length;) at += writeSync(port, line, at);
}

function portName(): string {
  const name = readdirSync(PORTS).find(
    (each) => readFileSync(join(PORTS, each, 'name'), 'utf8').trim() === 'exhibit.records',
  );
  if (name === undefined) throw new Error(`no port of ${PORTS} is ours`);
  return name;
}

// Captures first: the kernel's log then has nothing else.
if (ORDER.capture) {
  const { captures } = await import('./capture.ts');
  await runOne(captures(tell));
}
for (const each of MACHINES.flat()) {
  if (ORDER.scenarios.includes(each.name)) await runOne(each);
}
process.exit();
