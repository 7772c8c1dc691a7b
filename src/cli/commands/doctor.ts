import type { Examination } from '../../doctor/examination.ts';
import { examineStation } from '../../doctor/examine.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { visible } from '../../model/text.ts';

/** `exhibit doctor`: what this station has, what it lacks, and what to do about it. */
export async function doctorCommand(env: Env, options: { key?: string; json?: boolean }): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const examinations = await examineStation(env.ports, options.key ?? null);
  const missing = examinations.filter(({ state }) => state === 'missing').length;
  const exit = missing > 0 ? EXIT.unexpected : EXIT.done;
  output.result({ ok: missing === 0, exit, examinations }, `${examinations.map(line).join('\n')}\n${closing(missing)}`);
  return exit;
}

const MARK: Readonly<Record<Examination['state'], string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  missing: 'MISSING ',
};

function line({ state, what, found, advice }: Examination): string {
  const first = `${MARK[state]} ${what.padEnd(15)} ${visible(found)}`;
  return advice === null ? first : `${first}\n${' '.repeat(25)}${visible(advice)}`;
}

function closing(missing: number): string {
  return missing === 0 ? 'This station can image.' : `${missing} of these must be there before this station can image.`;
}
