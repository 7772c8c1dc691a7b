import { bootChanges } from './consistency-remote.ts';
import type { ReceivedSection } from './received-schema.ts';
import type { RemoteSection } from './remote-schema.ts';
import type { Manifest } from './schema.ts';

const ONE_MOMENT =
  'NOT proved: that the image is the disk as it was at any one moment: it may have changed while it was read.';

/** What nothing here shows of a disk that another machine read for us, or sent: a sentence each, for report and verify. */
export function elsewhereLimits({ remote, received }: Pick<Manifest['source'], 'remote' | 'received'>): string[] {
  return [...(remote === null ? [] : readLimits(remote)), ...(received === null ? [] : sentLimits(received))];
}

function readLimits({ live, connections }: RemoteSection): string[] {
  const ids = connections.map(({ boot_id }) => boot_id);
  const starts = bootChanges(ids);
  return [
    'NOT proved: that what was read is what its disk holds: data, size, clock and hashes are the word of the machine that runs there.',
    ...(live ? [ONE_MOMENT] : []),
    ...(starts > 0
      ? [`The image holds ${starts + 1} states of the disk: its machine was started anew while it was made.`]
      : []),
    ...(ids.length > 1 && ids.includes(null)
      ? ['NOT known: whether its machine was started anew while the image was made.']
      : []),
  ];
}

function sentLimits({ encrypted, streams }: ReceivedSection): string[] {
  return [
    'NOT proved: that what was sent is what its disk holds; a hash that was told is the word of the machine that sent it.',
    ONE_MOMENT,
    ...(streams.length > 1
      ? [
          `NOT known: whether its ${streams.length} streams came from one machine, and without a start of it in between.`,
        ]
      : []),
    encrypted
      ? 'NOT proved: who sent it: whoever told the token. Whether our certificate was checked there is not known here.'
      : 'NOT proved: who sent it, nor that nobody on its way read or changed it.',
  ];
}

/** What a complete image of the source has, for a heading: a stream has no end but the one that was said. */
export function wholeWords({ received }: Pick<Manifest['source'], 'received'>): string {
  return received === null
    ? 'every byte of the source was read'
    : 'as many bytes came as the operator said that the disk has';
}

type Sectors = Pick<Manifest['source'], 'received' | 'logical_sector' | 'physical_sector'>;

/**
 * Sizes of its sectors, as a phrase: of a disk that was sent nobody told them.
 * @param unit behind the first number
 */
export function sectorWords({ received, logical_sector, physical_sector }: Sectors, unit = ''): string {
  const logical = `${logical_sector}${unit}`;
  return received === null ? `${logical} logical, ${physical_sector} physical` : `not known; counted in ${logical}`;
}

/** What an image is held against: nobody here read a disk that was sent. */
export function dataWords({ received }: Pick<Manifest['source'], 'received'>): string {
  return received === null ? 'the data read from the source' : 'the data that arrived';
}
