import { ExhibitError } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import type { Env } from '../env.ts';

/**
 * The one question before a physical disk is read: the last characters of the serial, read off the drive's label.
 * Kernel names move; a label does not. Gives a sentence for the record.
 */
export async function confirmSource(env: Env, plan: Plan, stop: AbortSignal): Promise<string> {
  if (plan.source.received !== undefined)
    return 'not asked: another machine sends it, and which of its disks that is was not looked at';
  const wanted = plan.confirmSerial;
  if (wanted === null) return 'not asked: the source is not a physical disk';
  if (plan.request.yes)
    return 'not asked: --yes, with the serial of the label given on the command line or in the request file';
  if (!env.terminal.canAsk) {
    throw new ExhibitError('usage', 'usage.no-terminal', 'There is no terminal to ask for the serial on.', {
      hint: 'Give what the label says and leave the question out: --label-serial SERIAL --yes',
    });
  }
  const answer = await env.terminal.ask(
    `Type the last ${wanted.length} characters of the serial on the drive's LABEL: `,
    stop,
  );
  if (answer?.trim().toUpperCase() === wanted.toUpperCase())
    return `the operator typed the last ${wanted.length} characters of the serial ${plan.request.label.serial === null ? 'that the device tells (no label was given)' : 'on the label'}`;
  throw new ExhibitError(
    'usage',
    'usage.not-confirmed',
    'That is not how the serial of this source ends. Nothing was read.',
    {
      hint: 'Compare the label of the drive in your hand with the source shown above: is it the right disk?',
    },
  );
}
