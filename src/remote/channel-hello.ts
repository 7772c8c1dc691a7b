import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';

/** What the loop says of the machine and the disk that it holds open. */
export interface Hello {
  readonly bootId: string;
  /** `major:minor` in decimal; of what is no device `0:0`. */
  readonly node: string;
  /** Bytes; null: it could not say. */
  readonly size: number | null;
}

/** What a disk was found to be: a program that holds something else is not read from. */
export interface ExpectedDisk {
  /** Null: not known. */
  readonly bootId: string | null;
  readonly node: string;
  readonly size: number;
}

/** What stands on standard error behind our word, by its first word there. */
export function introduced(said: ReadonlyMap<string, string>): Hello {
  const [size, node = ''] = [said.get('size') ?? '', said.get('node')];
  const numbers = node.split(':').map((part) => Number.parseInt(part, 16));
  return {
    bootId: said.get('boot') ?? '',
    node: numbers.length === 2 && !numbers.some(Number.isNaN) ? numbers.join(':') : '',
    size: /^\d{1,16}$/.test(size) ? Number(size) : null,
  };
}

/** What a program over there holds open instead of what was expected. */
export interface Difference {
  /** `source.rebooted`: its machine ran anew; waiting changes nothing about that. */
  readonly code: 'source.changed' | 'source.rebooted';
  /** Untrusted text in it. */
  readonly what: string;
}

/** Null: what the program over there holds open is what was expected, as far as it could say. */
export function differenceTo({ bootId, node, size }: ExpectedDisk, hello: Hello): Difference | null {
  if (bootId !== null && hello.bootId !== '' && hello.bootId !== bootId) {
    const what = `the machine was started anew: boot id ${hello.bootId}, not ${bootId}`;
    return { code: 'source.rebooted', what };
  }
  const changed = (what: string): Difference => ({ code: 'source.changed', what });
  if (hello.node !== '' && hello.node !== node) return changed(`its number is ${hello.node}, not ${node}`);
  // Of a block device stat tells no size.
  const told = hello.size ?? 0;
  return told === 0 || told === size ? null : changed(`it has ${told} bytes, not ${size}`);
}

const LOOK_AGAIN = 'Nothing was read from it. Look again with `exhibit devices ssh://…`, and plan anew.';

/** Nothing is read from what is another disk than was found. */
export function otherThere(path: string, place: string, { code, what }: Difference): ExhibitError {
  const message = `${visible(path)} on ${place} led to something else when it was opened: ${visible(what)}.`;
  const begun = ' What was begun is gone on with for a reason of yours: exhibit resume DIR --rebooted REASON';
  const hint = code === 'source.rebooted' ? `${LOOK_AGAIN}${begun}` : LOOK_AGAIN;
  return new ExhibitError('source', code, message, { hint });
}

/** @param stderr what others said there, of which the last line may be why */
export function brokeOff(path: string, place: string, why: string, stderr: string): ExhibitError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const message = `Reading ${visible(path)} on ${place} broke off: ${visible(why)}${said === '' ? '' : ` (${visible(said)})`}.`;
  return new ExhibitError('source', 'remote.reader-died', message, {
    hint: 'No sector was marked bad for it. See what ended it over there.',
  });
}
