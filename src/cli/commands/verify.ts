import { randomBytes } from 'node:crypto';
import { ExhibitError } from '../../model/errors.ts';
import type { Range } from '../../model/range.ts';
import { parseSize } from '../../model/size.ts';
import { visible } from '../../model/text.ts';
import { verifyFolder } from '../../verify/verify-folder.ts';
import type { Env } from '../env.ts';
import { type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { makeScreen } from '../screen/make-screen.ts';
import { verifyJson, verifyText } from '../screen/verify-report.ts';

export interface VerifyOptions {
  readonly signers?: string;
  readonly seal?: string;
  readonly range?: string;
  readonly sample?: string;
  readonly seed?: string;
  readonly json?: boolean;
}

/** `exhibit verify`: everything that is wrong, in one run. Writes nothing. */
export async function verifyCommand(env: Env, target: string, options: VerifyOptions): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const order = { range: rangeOf(options), sample: sampleOf(options) };
  const signals = env.watchSignals(() => undefined);
  const screen = makeScreen(env, output, { stages: ['verify'], sector: 512, waitForDevice: 0 });
  let failed = true;
  try {
    const report = await verifyFolder(env.ports, {
      target,
      signersFile: options.signers ?? null,
      seal: options.seal ?? null,
      ...order,
      emit: screen.emit,
      stop: signals.stop,
    });
    failed = false;
    await screen.stop(failed);
    output.result({ ok: report.exit === 0, ...verifyJson(report) }, verifyText(report));
    return report.exit;
  } finally {
    if (failed) await screen.stop(failed);
    signals.release();
  }
}

/** `A:B`, bytes or sizes, half-open. */
function rangeOf({ range }: VerifyOptions): Range | null {
  if (range === undefined) return null;
  const [from, to, ...more] = range.split(':');
  if (from === undefined || to === undefined || more.length > 0) throw badRange(range);
  const wanted = { start: parseSize(from, '--range'), end: parseSize(to, '--range') };
  if (wanted.end <= wanted.start) throw badRange(range);
  return wanted;
}

function sampleOf({ sample, seed }: VerifyOptions): { count: number; seed: string } | null {
  if (sample === undefined) {
    if (seed === undefined) return null;
    throw new ExhibitError('usage', 'usage.seed', '--seed goes with --sample.');
  }
  if (!/^[1-9]\d{0,8}$/.test(sample)) {
    throw new ExhibitError('usage', 'usage.bad-number', `--sample: "${visible(sample)}" is not a number of pieces.`, {
      hint: 'Write a whole number, 1 or more.',
    });
  }
  return { count: Number(sample), seed: seed ?? randomBytes(8).toString('hex') };
}

function badRange(range: string): ExhibitError {
  return new ExhibitError('usage', 'usage.bad-range', `--range: "${visible(range)}" is not a range of bytes.`, {
    hint: 'Write the first byte and the byte after the last, such as 0:1M or 1048576:2097152.',
  });
}
