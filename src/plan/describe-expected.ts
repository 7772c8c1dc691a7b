import type { Fact } from '../model/device.ts';
import { hoursAndMinutes, type Expectation, type Limit, type Stretch } from '../model/expectation.ts';
import type { LinkRate } from '../model/link-rate.ts';
import { roundBytes } from '../model/size.ts';
import { shellQuote, visible } from '../model/text.ts';

type Line = readonly [label: string, text: string];

/** A figure of `exhibit doctor --speed`. */
export interface Measured {
  readonly bytesPerSecond: number;
  /** UTC, RFC 3339. */
  readonly measuredAt: string;
}

/** What a plan tells of its pace, with where each figure comes from. For people and `--dry-run`; no manifest has it. */
export interface Expected {
  readonly link: Fact<LinkRate>;
  readonly writing: Fact<Measured>;
  readonly hashing: Fact<Measured & { readonly how: string }>;
  readonly expectation: Expectation;
  /** The folder whose speed would be measured. */
  readonly folder: string;
}

/** The lines of the plan's section. Nothing in them is raw. */
export function expectedLines({ link, writing, hashing, expectation, folder }: Expected): Line[] {
  const { reading, readBack, secondReading, seconds } = expectation;
  const measured = ({ bytesPerSecond, measuredAt }: Measured): string =>
    `${rate(bytesPerSecond)}, measured ${visible(measuredAt)}`;
  const how = `exhibit doctor --speed ${shellQuote(folder)}`;
  const parts = [reading, readBack, secondReading].filter((each) => each !== null);
  return [
    ['source link', link.known ? linkText(link.value) : `unknown: ${visible(link.why)}`],
    ['destination', writing.known ? `writes ${measured(writing.value)}` : `${visible(writing.why)}: ${how}`],
    [
      'hashing',
      hashing.known ? `${measured(hashing.value)}; ${visible(hashing.value.how)}` : `${visible(hashing.why)}: ${how}`,
    ],
    ['reading', stretchText(reading)],
    ...(readBack === null ? [] : [['read-back', stretchText(readBack)] as const]),
    ...(secondReading === null ? [] : [['source again', stretchText(secondReading)] as const]),
    ...(seconds === null || parts.length < 2 ? [] : [['altogether', altogether(seconds, parts)] as const]),
  ];
}

function linkText({ bytesPerSecond, words }: LinkRate): string {
  return `${rate(bytesPerSecond)} at most (${visible(words)}); the disk itself may give less`;
}

const NAMES: Readonly<Record<Limit, string>> = {
  'source link': "the source's link",
  destination: 'the destination',
  hashing: 'hashing',
  'reading back': 'how fast the destination is read',
};

function stretchText({ bytes, bytesPerSecond, bottleneck, open, seconds }: Stretch): string {
  const names = open.map((limit) => NAMES[limit]).join(', ');
  if (bytesPerSecond === null || bottleneck === null || seconds === null) return `not known: nothing is of ${names}`;
  const held = `${hoursAndMinutes(seconds)} for ${roundBytes(bytes)}, by ${NAMES[bottleneck]} (${rate(bytesPerSecond)})`;
  return open.length === 0 ? `${held}, the bottleneck` : `${held}; not known: ${names}`;
}

function altogether(seconds: number, parts: readonly Stretch[]): string {
  const unknown = parts.some((each) => each.seconds === null);
  return `${hoursAndMinutes(seconds)}${unknown ? ', and what is not known' : ''}`;
}

function rate(bytesPerSecond: number): string {
  return `${roundBytes(bytesPerSecond)}/s`;
}
