import type { Bottleneck, Measurement } from '../../doctor/speed/measure.ts';
import type { Fact } from '../../model/device.ts';
import { ALGORITHMS, ENGINES } from '../../model/digest.ts';
import { roundBytes } from '../../model/size.ts';
import { visible } from '../../model/text.ts';
import { tableLines } from './columns.ts';

const COLUMNS = [
  { title: 'HASHING', least: 0 },
  ...ENGINES.map((engine) => ({ title: engine.toUpperCase(), least: 0, right: true })),
];

/** What was measured, for people. Nothing in it is raw. */
export function speedTable(path: string, measured: Measurement, bottleneck: Bottleneck, kept: Fact<string>): string {
  const { writing, alone, together, station } = measured;
  const cores = station.known ? ` on ${station.value.cores} cores` : '';
  const rows = [
    ...ALGORITHMS.map((algorithm) => [
      `${algorithm} alone`,
      ...ENGINES.map((engine) => rate(alone[engine][algorithm])),
    ]),
    [`${together.hashes.join(', ')} and pieces together${cores}`, ...ENGINES.map((engine) => rate(together[engine]))],
  ];
  const { heading, lines } = tableLines(COLUMNS, rows, 120);
  return [
    `${visible(path)} takes ${rate(writing.bytesPerSecond)} (${roundBytes(writing.bytes)} in ${(writing.milliseconds / 1000).toFixed(1)} s, until it was on disk)`,
    '',
    heading,
    ...lines,
    '',
    `The smallest figure of an acquisition, and so the bottleneck of this station: ${WHAT[bottleneck.what]}, ${rate(bottleneck.bytesPerSecond)}.`,
    'A source that gives less is the bottleneck itself: none was read.',
    kept.known
      ? `Kept in ${visible(kept.value)}; the plan of an acquisition to this destination shows it.`
      : `Not kept (${visible(kept.why)}): plans will say "not measured".`,
  ].join('\n');
}

const WHAT: Readonly<Record<Bottleneck['what'], string>> = {
  destination: 'writing to this destination',
  hashing: 'hashing',
};

function rate(bytesPerSecond: number): string {
  return `${roundBytes(bytesPerSecond)}/s`;
}
