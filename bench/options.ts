import { parseArgs } from 'node:util';

/** What can be measured alone, in the order of a full run. */
export const PARTS = ['acquire', 'verify', 'stages', 'growth', 'bad-media', 'cut-off', 'ssh', 'netcat'] as const;
export type Part = (typeof PARTS)[number];

/** Below a minute together. */
const QUICK: readonly Part[] = ['acquire', 'verify', 'stages'];

const USUAL = { rounds: 5, mebibytes: 2048 };

export interface Options {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  /** Everything, at its usual length: what documents are made of. */
  readonly full: boolean;
  readonly rounds: number;
  /** Of data that shows less: zeros, a file system image; and of what takes long. */
  readonly fewerRounds: number;
  readonly mebibytes: number;
  /** The same of that data. */
  readonly lessMebibytes: number;
}

/** @throws Error with the usage for what it does not understand */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      size: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const { quick, only } = values;
  const rounds = wholeNumber('--rounds', values.rounds ?? (quick ? '1' : String(USUAL.rounds)));
  const mebibytes = wholeNumber('--size', values.size ?? (quick ? '64' : String(USUAL.mebibytes)));
  return {
    parts: only === undefined ? (quick ? QUICK : PARTS) : [partOf(only)],
    quick,
    full: !quick && only === undefined && rounds >= USUAL.rounds && mebibytes >= USUAL.mebibytes,
    rounds,
    fewerRounds: Math.min(rounds, 3),
    mebibytes,
    lessMebibytes: Math.min(mebibytes, quick ? 32 : 512),
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`${option} takes a whole number from 1 on, not "${text}"`);
  return Number(text);
}

function partOf(name: string): Part {
  const part = PARTS.find((each) => each === name);
  if (part === undefined) throw new Error(`--only takes one of: ${PARTS.join(', ')}; not "${name}"`);
  return part;
}
