import { fileURLToPath } from 'node:url';
import { known, unknown, type Device, type Fact } from '../model/device.ts';
import { OWN_READING, type EncryptionSign, type PartitionTable, type UnreadPlace } from '../model/probe.ts';
import type { Ports } from '../system/ports.ts';
import type { Answer, Asker } from './ask.ts';
import { parseAnswers, requestText, type LookRequest } from './look-protocol.ts';
import { PLACES } from './signs.ts';

export interface Look {
  readonly encryption: Fact<readonly EncryptionSign[]>;
  readonly unread: readonly UnreadPlace[];
}

/** A part of the device that may begin with a sign. Bytes on the device. */
interface Region {
  readonly start: number;
  readonly size: number;
  readonly partition: string | null;
}

interface Question extends LookRequest {
  readonly partition: string | null;
}

/** More partitions than the kernel shows of a disk: a table that names more is not looked at to its end. */
const MOST_REGIONS = 257;

/**
 * Looks for signs at the beginning of the device and of each of its partitions: read-only, a few KiB each, one time
 * limit for all. A program of its own reads: one that waits for a dying disk can't be ended, and must not be this one.
 */
export async function lookForSigns(
  ports: Ports,
  asker: Asker,
  device: Device,
  table: Fact<PartitionTable>,
): Promise<Look> {
  const { barred } = asker;
  if (barred !== null) return { encryption: unknown(barred), unread: [] };
  const regions = regionsOf(device, table);
  const questions = regions.slice(0, MOST_REGIONS).flatMap((region) => questionsOf(region, device.size));
  const program = fileURLToPath(new URL('./look-child.js', import.meta.url));
  const answer = await asker.run([ports.host.nodePath, program, `${ports.root}${device.path}`], {
    told: [OWN_READING, device.path, `${questions.length} places of at most 4096 bytes`],
    input: requestText(questions),
  });
  const { signs, unread } = matched(questions, answer);
  const missed = [...unread, ...regions.flatMap((region, index) => missedOf(region, index, device.size))];
  return { encryption: judge(signs, missed), unread: missed };
}

function regionsOf(device: Device, table: Fact<PartitionTable>): Region[] {
  const parts =
    device.partitions.length > 0
      ? device.partitions.map(({ start, size, path }) => ({ start, size, partition: path }))
      : (table.known ? table.value.entries : []).map(({ start, size }, index) => ({
          start,
          size,
          partition: `partition ${index + 1}`,
        }));
  return [{ start: 0, size: device.size, partition: null }, ...parts];
}

function questionsOf({ start, size, partition }: Region, deviceSize: number): Question[] {
  const end = Math.min(size, deviceSize - start);
  return PLACES.filter(({ offset }) => offset < end).map(({ offset, length }) => ({
    start,
    offset,
    length: Math.min(length, end - offset),
    partition,
  }));
}

/** Regions that no question is put for, though a table names them. */
function missedOf({ start, partition }: Region, index: number, deviceSize: number): UnreadPlace[] {
  if (index >= MOST_REGIONS) return [{ partition, offset: start, why: 'not read: too many partitions' }];
  return start < deviceSize ? [] : [{ partition, offset: start, why: 'it lies past the end of the device' }];
}

/** Answers come in the order of the questions; what has none was not read. */
function matched(questions: readonly Question[], answer: Answer): { signs: EncryptionSign[]; unread: UnreadPlace[] } {
  const answers = parseAnswers(answer.stdout);
  const otherwise = answer.why ?? 'the program that reads ended early';
  const signs: EncryptionSign[] = [];
  const unread: UnreadPlace[] = [];
  for (const [index, question] of questions.entries()) {
    const place = { partition: question.partition, offset: question.start + question.offset };
    const found = answers[index] ?? { unread: `not read: ${otherwise}` };
    if ('unread' in found) unread.push({ ...place, why: found.unread });
    else if (found.scheme !== null) signs.push({ scheme: found.scheme, ...place });
  }
  return { signs, unread };
}

/** Signs that were found are there, whatever else could not be read; none found means something only when all was read. */
function judge(signs: readonly EncryptionSign[], unread: readonly UnreadPlace[]): Fact<readonly EncryptionSign[]> {
  const gap = unread[0];
  if (signs.length > 0 || gap === undefined) return known([...signs]);
  const where = gap.partition ?? 'the device';
  return unknown(
    `${unread.length} of the places that could hold a sign were not read, the first in ${where} at byte ${gap.offset}: ${gap.why}`,
  );
}
