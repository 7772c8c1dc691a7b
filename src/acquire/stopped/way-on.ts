import { ExhibitError } from '../../model/errors.ts';
import { FATAL_ENDS } from '../../model/listen.ts';
import { shellQuote } from '../../model/text.ts';

/** Hints are written where nobody knows the folder yet. */
const PLACEHOLDER = /(exhibit (?:resume|seal)) DIR/g;

/** How a stream ended that nobody goes on after. */
const ENDED = new Set<string>(FATAL_ENDS.map((end) => `listen.${end}`));

/** An error that ended a job, with the command that goes on as it is to be typed. */
export function withWayOn(error: unknown, folder: string): unknown {
  if (!(error instanceof ExhibitError)) return error;
  const path = shellQuote(folder);
  const hint = error.hint?.replace(PLACEHOLDER, (_all, command: string) => `${command} ${path}`);
  // What was seen of the write protection has to be found out first; damage is not gone on with.
  const goesOn =
    ['source', 'remote'].includes(error.fault) && !error.code.startsWith('guard.') && !ENDED.has(error.code);
  const onward =
    goesOn && hint?.includes(path) !== true
      ? [hint, `Then go on: exhibit resume ${path}`].filter((words) => words !== undefined).join(' ')
      : hint;
  if (onward === undefined || onward === error.hint) return error;
  return new ExhibitError(error.fault, error.code, error.message, { hint: onward, cause: error.cause });
}
