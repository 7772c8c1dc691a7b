import { PLAIN_WRITES } from './kinds.ts';
import type { AttemptRecord, Report } from './report-schema.ts';

/** What the result is made from; nothing else counts. */
export type JudgedFacts = Pick<Report, 'attempts' | 'reads' | 'capacity' | 'stopped'>;

export interface Judgement {
  readonly result: Report['result'];
  /** Sentences: what makes it so. */
  readonly why: readonly string[];
  /** Sentences: what a reader must not take it for. */
  readonly limits: readonly string[];
}

const PLACES = ['start', 'middle', 'end'] as const;

/**
 * `not-blocked`: something on the disk changed. `blocked`: nothing did, all of it was looked at, and writes were
 * answered in both layers at every place. Everything else is `inconclusive`.
 */
export function judge(facts: JudgedFacts): Judgement {
  const limits = limitsOf(facts);
  const changes = changesOf(facts);
  if (changes.length > 0) return { result: 'not-blocked', why: changes, limits };
  const missing = missingOf(facts);
  if (missing.length > 0) return { result: 'inconclusive', why: missing, limits };
  return {
    result: 'blocked',
    why: [
      `${facts.attempts.length} attempts to write changed nothing at the three places that were watched.`,
      'The whole disk has the same SHA-256 after the attempts as before them, and the same capacity.',
    ],
    limits,
  };
}

function changesOf({ attempts, reads }: JudgedFacts): string[] {
  const came = attempts.filter(({ changed }) => changed === 'yes');
  const kinds = [...new Set(came.map(({ kind }) => kind))];
  return [
    ...(came.length > 0
      ? [`${came.length} of ${attempts.length} attempts changed the disk: ${kinds.join(', ')}.`]
      : []),
    ...(reads.before !== null && reads.after !== null && reads.before.sha256 !== reads.after.sha256
      ? ['The whole disk has another SHA-256 after the attempts than before them.']
      : []),
  ];
}

function missingOf({ attempts, reads, capacity, stopped }: JudgedFacts): string[] {
  const unseen = attempts.filter(({ changed }) => changed === 'unknown');
  return [
    ...(stopped === null ? [] : [`The test did not come to its end: ${stopped}`]),
    ...(unseen.length > 0 ? [`What ${unseen.length} attempts did could not be looked at.`] : []),
    ...PLACES.flatMap((place) => [
      ...unansweredAt(attempts, 'block-layer', place),
      ...unansweredAt(attempts, 'sg-io', place),
    ]),
    ...(reads.before === null || reads.after === null
      ? [`The whole disk was not read before and after: ${reads.why ?? 'it was not tried'}.`]
      : []),
    ...(capacity.before === capacity.marker && capacity.after === capacity.marker
      ? []
      : ['The capacity is not the same throughout.']),
  ];
}

/** A plain write must have been answered: by the device itself in SG_IO, by device or kernel in the block layer. */
function unansweredAt(
  attempts: readonly AttemptRecord[],
  layer: AttemptRecord['layer'],
  place: AttemptRecord['place'],
): string[] {
  const answers = layer === 'sg-io' ? FROM_DEVICE : [...FROM_DEVICE, 'refused-by-kernel'];
  const plain = attempts.filter(
    (each) => each.layer === layer && each.place === place && PLAIN_WRITES.includes(each.kind),
  );
  // Many disks know no WRITE(16), and say so to everybody: it counts only where WRITE(10) does not reach.
  const usual = plain.filter(({ kind, call }) => kind === 'write-10' && call !== '');
  const tried = usual.length > 0 ? usual : plain;
  if (tried.some(({ answer }) => answers.includes(answer))) return [];
  const what = layer === 'sg-io' ? 'by SG_IO' : 'through the block layer';
  const got = [...new Set(tried.map(({ answer, said }) => said.split('\n')[0] || answer))];
  return [`No write ${what} was answered at the ${place} of the disk (${got.join('; ') || 'none was tried'}).`];
}

const FROM_DEVICE: readonly string[] = ['accepted', 'refused-by-device'];

function limitsOf({ attempts }: JudgedFacts): string[] {
  const block = attempts.filter(({ layer, kind }) => layer === 'block-layer' && PLAIN_WRITES.includes(kind));
  const swallowed = attempts.some(
    ({ kind, answer, changed }) => PLAIN_WRITES.includes(kind) && answer === 'accepted' && changed === 'no',
  );
  return [
    'It holds for this blocker with this firmware, this disk, this station, and the attempts listed here.',
    ...(block.length > 0 && block.every(({ answer }) => answer === 'refused-by-kernel')
      ? [
          "This host's kernel refused every write through the block layer before the device saw it. Those attempts say nothing of the blocker; the SG_IO attempts reached it.",
        ]
      : []),
    ...(swallowed
      ? [
          'Some writes were accepted without an error and changed nothing: the host is not told that what it writes is lost.',
        ]
      : []),
  ];
}
