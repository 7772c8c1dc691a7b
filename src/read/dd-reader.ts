import { errnoOf, ExhibitError } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import type { OpenFile } from '../system/files.ts';
import type { CommandResult, Commands, BulkCommand } from '../system/run-command.ts';
import { visible } from '../model/text.ts';
import { accountFault } from './dd-account.ts';
import { fileOf } from './held-source.ts';
import { openProbe } from './probe.ts';
import type { Reader, ReadOrder } from './reader.ts';
import { Recovery } from './recover.ts';
import { SlotFiller } from './slot-filler.ts';
import { endedEarly, failIfGone } from './source-faults.ts';
import { StopGate } from './stop-gate.ts';
import { Watchdog } from './watchdog.ts';

/** What GNU dd prints, under LC_ALL=C, when the input could not be read (coreutils dd.c). */
const READ_ERROR = 'dd: error reading ';

/**
 * Bad sectors come in groups. Behind one, dd reads in smaller blocks for a while, so that less is read a second time
 * when the next block fails; in good places larger ones are faster.
 */
const CAREFUL_BLOCK = 1024 * 1024;
const CAREFUL_BYTES = 1024 * CAREFUL_BLOCK;

/** The station's dd: its first version line. Throws unless it is GNU's. */
export async function ddVersion(commands: Commands): Promise<string> {
  const answer = await commands.run(['dd', '--version'], { timeoutMs: 5000 });
  return requireGnuDd(answer.failure === 'missing' ? null : (answer.stdout.split('\n')[0] ?? ''));
}

/**
 * Throws unless the dd is GNU's, which alone has ranges by byte and `fullblock`.
 * @param line first line of what it says of its version; null: not installed
 */
export function requireGnuDd(line: string | null): string {
  if (line !== null && /^dd \((GNU )?coreutils\)/.test(line)) return line;
  const found = line === null ? 'dd is not installed' : `this dd is not GNU's: "${visible(line)}"`;
  throw new ExhibitError('unexpected', 'reader.no-dd', `The reader dd can't be used: ${found}.`, {
    hint: 'Install GNU coreutils, or choose the other reader: --reader direct.',
  });
}

/**
 * Reads by `dd`: it gets the source we hold open as its standard input, so that no name can move under it, and a
 * range by byte; where it stops is a fact that is examined with small reads before dd goes on behind it.
 */
export const readByDd: Reader = async (order) => {
  const probe = openProbe(order);
  const recovery = new Recovery(order, probe);
  const filler = new SlotFiller(order.out, order.range.start, order.source.logicalSector, order.ports.clock);
  const gate = new StopGate(order.stop);
  let carefulUntil = order.range.start;
  try {
    while (filler.position < order.range.end && !order.stop.aborted) {
      const careful = filler.position < carefulUntil;
      const blockBytes = careful ? Math.min(order.blockBytes, CAREFUL_BLOCK) : order.blockBytes;
      const end = careful ? Math.min(carefulUntil, order.range.end) : order.range.end;
      const wanted = { start: filler.position, end, blockBytes };
      const run = await runDd(order, wanted, filler, gate);
      if (run.delivered > 0) recovery.life.seen({ start: wanted.start, end: filler.position });
      if (stopped(order)) break;
      if (!needsRecovery(order, wanted, run)) continue;
      const at = filler.position;
      const block = { start: at, end: Math.min(at + blockBytes, end) };
      // dd does not tell the errno.
      const errno = run.hung ? 'ETIMEDOUT' : 'EIO';
      await recovery.block(filler, block, { errno, ms: run.lastWaitMs });
      carefulUntil = filler.position + CAREFUL_BYTES;
    }
  } catch (error) {
    if (!stopped(order)) throw error;
  } finally {
    // Also when it failed: what was read stays.
    await filler.close(order.range.end);
    probe.close();
  }
};

// A function, because the compiler believes that a property once seen false stays so.
function stopped(order: ReadOrder): boolean {
  return order.stop.aborted;
}

/** What one dd is asked for. */
interface Wanted extends Range {
  readonly blockBytes: number;
}

function ddArgv(order: ReadOrder, range: Wanted): string[] {
  const flags = `${order.source.kind === 'block' ? 'direct,' : ''}fullblock,skip_bytes,count_bytes`;
  return [
    'dd',
    `bs=${range.blockBytes}`,
    `iflag=${flags}`,
    `skip=${range.start}`,
    `count=${lengthOf(range)}`,
    // With dd's own count of what it did.
    'status=noxfer',
  ];
}

/** How a run of dd went. */
interface Run {
  readonly result: CommandResult;
  readonly delivered: number;
  /** It was left behind because it gave nothing for too long. */
  readonly hung: boolean;
  /** Milliseconds from its last byte to its end. */
  readonly lastWaitMs: number;
}

async function runDd(order: ReadOrder, range: Wanted, filler: SlotFiller, gate: StopGate): Promise<Run> {
  const child = await startDd(order, range);
  const watchdog = new Watchdog(order.ports.clock, order.readTimeoutMs, () => {
    child.kill();
  });
  const giveUp = (): void => {
    child.kill();
  };
  order.stop.addEventListener('abort', giveUp);
  // It may have come while dd was being started.
  if (stopped(order)) giveUp();
  const now = (): number => order.ports.clock.monotonicMs();
  let delivered = 0;
  let waitingSince = now();
  const next = async (): Promise<Uint8Array | null> => {
    waitingSince = now();
    watchdog.begin();
    const bytes = await child.next();
    watchdog.end();
    return bytes;
  };
  try {
    for (let bytes = await next(); bytes !== null; bytes = await next()) {
      if (delivered + bytes.length > lengthOf(range)) throw tooMuch(order);
      order.log.good({ start: range.start + delivered, end: range.start + delivered + bytes.length });
      await filler.append(bytes);
      delivered += bytes.length;
    }
  } catch (error) {
    child.kill();
    if (!stopped(order)) throw error;
  } finally {
    watchdog.close();
  }
  const lastWaitMs = now() - waitingSince;
  const hung = watchdog.hasBitten;
  const result = await endOf(child, order, gate, hung);
  order.stop.removeEventListener('abort', giveUp);
  order.log.run({
    argv: child.argv,
    from: range.start,
    to: range.end,
    delivered,
    exit: result.exit,
    signal: result.signal,
    stderr: hung ? `left behind: nothing came for ${Math.round(lastWaitMs)} ms` : result.stderr,
  });
  return { result, delivered, hung, lastWaitMs };
}

/**
 * dd skips relative to where its input stands, so every run gets an open file of its own, at offset 0: the held
 * source, opened again through its descriptor.
 */
async function startDd(order: ReadOrder, range: Wanted): Promise<BulkCommand> {
  const input = await reopen(order);
  try {
    return await order.ports.commands.streamBulk(ddArgv(order, range), { stdinFd: input.fd });
  } finally {
    // The child has its own copy.
    await input.close();
  }
}

async function reopen(order: ReadOrder): Promise<OpenFile> {
  try {
    return await order.ports.files.open(`/proc/self/fd/${fileOf(order.source).fd}`, 'read');
  } catch (error) {
    await failIfGone(order, errnoOf(error) ?? 'unknown error');
    throw error;
  }
}

/** How dd ended; a dd that hangs in the kernel is left behind once we are told to stop, or it was killed for it. */
async function endOf(child: BulkCommand, order: ReadOrder, gate: StopGate, hung: boolean): Promise<CommandResult> {
  const ended = hung ? 'stopped' : await gate.wait(child.done);
  if (ended !== 'stopped') return ended;
  const leftBehind = order.ports.clock.sleep(500).then(() => unfinished(child.argv));
  return Promise.race([child.done, leftBehind]);
}

/** False: dd gave all it was asked for. True: it stopped at a place that must be examined. Throws for everything else. */
function needsRecovery(order: ReadOrder, wanted: Wanted, run: Run): boolean {
  const { result, delivered } = run;
  const path = visible(order.source.path);
  const position = wanted.start + delivered;
  if (run.hung && delivered % wanted.blockBytes === 0) return true;
  const account = result.exit === null ? null : accountFault(result.stderr, wanted.blockBytes, delivered);
  if (account !== null) throw unaccounted(path, account);
  if (result.exit === 0 && position === wanted.end) return false;
  if (result.exit === 0) throw endedEarly(order.source, position);
  if (result.signal !== null || result.exit === null) {
    throw new ExhibitError(
      'unexpected',
      'reader.killed',
      `dd was killed (${result.signal ?? 'no exit status'}) at byte ${position} of ${path}.`,
      {
        hint: 'Somebody or the kernel ended it (memory? see dmesg). What was read stays as .partial.',
      },
    );
  }
  if (result.stderr.includes(READ_ERROR) && delivered % wanted.blockBytes === 0) return true;
  throw new ExhibitError(
    'unexpected',
    'reader.failed',
    `dd ended with status ${result.exit} at byte ${position} of ${path}: ${visible(result.stderr.trim())}`,
    {
      hint: 'What was read stays as .partial. `--reader direct` reads without dd.',
    },
  );
}

function tooMuch(order: ReadOrder): ExhibitError {
  return new ExhibitError(
    'unexpected',
    'reader.too-much',
    `dd delivered more of ${visible(order.source.path)} than it was asked for.`,
    {
      hint: 'Its output can not be trusted. `--reader direct` reads without dd.',
    },
  );
}

function unaccounted(path: string, account: string): ExhibitError {
  return new ExhibitError('unexpected', 'reader.account', `What dd did with ${path} does not add up. ${account}`, {
    hint: 'Its output was cut or can not be trusted. What was read stays as .partial. `--reader direct` reads without dd.',
  });
}

function unfinished(argv: readonly string[]): CommandResult {
  return {
    argv,
    exit: null,
    signal: null,
    stdout: '',
    stderr: 'left behind: it did not end when it was killed',
    failure: 'aborted',
  };
}
