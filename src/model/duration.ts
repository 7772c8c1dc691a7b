import { ExhibitError } from './errors.ts';
import { visible } from './text.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };

/**
 * `90`, `90s`, `10m`, `2h` → whole seconds.
 * @param name of the option, for the message
 * @throws ExhibitError `usage.duration`
 */
export function parseDuration(text: string, name: string): number {
  const [, digits, unit = ''] = /^(\d{1,7})([smh]?)$/.exec(text.trim()) ?? [];
  if (digits !== undefined) return Number(digits) * (UNITS[unit] ?? 1);
  throw new ExhibitError('usage', 'usage.duration', `${name}: "${visible(text)}" is no length of time.`, {
    hint: 'Write whole seconds, minutes or hours: 90, 90s, 10m, 2h.',
  });
}

/** `90 s`, `10 min`, `2 h`: whole units where that loses nothing. */
export function describeSeconds(seconds: number): string {
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
