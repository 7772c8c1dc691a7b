import { requireSourceOptions } from '../../catalog/source-options.ts';
import type { Examination } from '../../doctor/examination.ts';
import { examineStation } from '../../doctor/examine.ts';
import { unknown } from '../../model/device.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import type { RemoteOptions } from '../remote-machine.ts';
import { ExhibitError } from '../../model/errors.ts';
import { visible } from '../../model/text.ts';

export interface DoctorOptions extends RemoteOptions {
  readonly key?: string;
  /** The folder to measure. */
  readonly speed?: string;
  readonly json?: boolean;
}

/**
 * `exhibit doctor`: what a station has, what it lacks, and what to do about it; with `--speed` how fast it is.
 * @param machine the address of another one; null: this one
 */
export async function doctorCommand(env: Env, options: DoctorOptions, machine: string | null): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  if (options.speed !== undefined) {
    const { doctorSpeed, refuseBesideSpeed } = await import('./doctor-speed.ts');
    refuseBesideSpeed(machine, options.speed, options);
    requireSourceOptions('here', options);
    return doctorSpeed(env, output, options.speed);
  }
  const examinations = machine === null ? await examineHere(env, options) : await examineMachine(env, machine, options);
  const missing = examinations.filter(({ state }) => state === 'missing').length;
  const exit = missing > 0 ? EXIT.unexpected : EXIT.done;
  output.result(
    { ok: missing === 0, exit, examinations },
    `${examinations.map(line).join('\n')}\n${closing(missing, machine === null ? 'this station can image' : 'its disks can be read')}`,
  );
  return exit;
}

async function examineHere(env: Env, options: DoctorOptions): Promise<Examination[]> {
  requireSourceOptions('here', options);
  return examineStation(env.ports, options.key ?? null);
}

async function examineMachine(env: Env, machine: string, options: DoctorOptions): Promise<Examination[]> {
  if (options.key !== undefined) throw keyOfThere();
  const { withMachine } = await import('../remote-machine.ts');
  const [{ examineRemote }, { waysOf }, { NOTHING_ASKED }] = await Promise.all([
    import('../../remote/examine.ts'),
    import('../../remote/disk.ts'),
    import('../../acquire/source-side.ts'),
  ]);
  return withMachine(env, machine, options, async ({ shell, facts, unpacker }) => {
    // What is told of a machine without one of its disks.
    const ways = waysOf(facts, unknown('no disk was named'), NOTHING_ASKED, 0, unpacker);
    return examineRemote(shell.facts, facts, ways, shell.noise);
  });
}

function keyOfThere(): ExhibitError {
  return new ExhibitError('usage', 'usage', '--key is for the key of this station: none is tried on another machine.', {
    hint: 'Leave it out; exhibit doctor --key FILE tries it here.',
  });
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

function closing(missing: number, can: string): string {
  if (missing === 0) return `${can[0]?.toUpperCase() ?? ''}${can.slice(1)}.`;
  return `${missing} of these must be there before ${can}.`;
}
