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

/** Null: what the program over there holds open is what was expected, as far as it could say. */
export function differenceTo({ bootId, node, size }: ExpectedDisk, hello: Hello): string | null {
  if (bootId !== null && hello.bootId !== '' && hello.bootId !== bootId)
    return `the machine was started anew: boot id ${hello.bootId}, not ${bootId}`;
  if (hello.node !== '' && hello.node !== node) return `its number is ${hello.node}, not ${node}`;
  // Of a block device stat tells no size.
  if (hello.size !== null && hello.size !== 0 && hello.size !== size) return `it has ${hello.size} bytes, not ${size}`;
  return null;
}

/** Nothing is read from what is another disk than was found. */
export function otherThere(path: string, place: string, difference: string): ExhibitError {
  const where = `${visible(path)} on ${place}`;
  return new ExhibitError(
    'source',
    'source.changed',
    `${where} led to something else when it was opened: ${visible(difference)}.`,
    {
      hint: 'Nothing was read from it. Look again with `exhibit devices ssh://…`, and plan anew.',
    },
  );
}
