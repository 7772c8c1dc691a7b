import { ExhibitError } from '../model/errors.ts';

/** A check that was stopped says nothing about the folder. */
export function interrupted(): ExhibitError {
  return new ExhibitError(
    'interrupted',
    'verify.interrupted',
    'The check was stopped before its end: nothing is established.',
    {
      hint: 'Start it again; nothing was changed.',
    },
  );
}
