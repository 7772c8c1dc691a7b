import * as z from '../model/zod.ts';
import { ALGORITHMS, ENGINES } from '../model/digest.ts';
import { bug } from '../model/errors.ts';
import type { Settings } from '../model/request.ts';
import { type Bytes, parseSize } from '../model/size.ts';
import { pieceBlockFault, settingLaws } from './setting-laws.ts';
import { REQUIRABLE } from '../model/verdict.ts';
import { textFault } from './text-laws.ts';

const SIZE = 'must be a size: bytes, or a whole number with K, M, G or T';

const size = (law: (bytes: Bytes) => string | null, what: string): z.ZodUnion<readonly [z.ZodString, z.ZodInt]> =>
  z
    .union([z.string(), z.int()], { error: SIZE })
    .superRefine((value, context) => {
      const fault = sizeFault(value, law);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .describe(`${what} Bytes, or a whole number with K, M, G or T (powers of 1024).`);

const oneOf = <const T extends readonly [string, ...string[]]>(
  names: T,
  what: string,
): z.ZodEnum<z.core.util.ToEnum<T[number]>> =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` }).describe(what);

const limit = (law: (value: number) => string | null, what: string): z.ZodNumber =>
  z
    .number({ error: 'must be a whole number' })
    .superRefine((value, context) => {
      const fault = law(value);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .describe(what);

const orNone = (
  law: (value: number) => string | null,
  what: string,
): z.ZodUnion<readonly [z.ZodNumber, z.ZodLiteral<'none'>]> =>
  z.union([limit(law, what), z.literal('none')], { error: 'must be a whole number, or none' }).describe(what);

const hashes = z
  .array(oneOf(ALGORITHMS, 'A hash algorithm.'))
  .superRefine((names, context) => {
    const fault = settingLaws.hashes(names);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .describe('Hashes of the whole stream; sha256 must be one of them.');

/** A profile file, version 1: every setting is spelt out, none is a hidden default. `profiles/profile.schema.json` is made from this. */
export const profileSchema = z
  .strictObject({
    profile: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, { error: 'must be a name of small letters, digits and -, 40 at most' })
      .describe('The name that stands in the manifest.'),
    version: z
      .literal(1, { error: 'must be 1: no other version of profiles is known to this program' })
      .describe('Version of this format.'),
    description: z
      .string()
      .superRefine((value, context) => {
        const fault = textFault(value, 'any');
        if (fault !== null) context.addIssue({ code: 'custom', message: fault });
      })
      .describe('What the profile is for, in a sentence.'),
    format: oneOf(['raw', 'split'], 'One image file, or segments.'),
    'segment-size': size(settingLaws.segmentSize, 'Size of a segment when the format is split.'),
    hashes,
    engine: oneOf(['auto', ...ENGINES], 'Who computes the hashes; auto measures.'),
    reader: oneOf(['dd', 'direct'], 'Who reads the source.'),
    'block-size': size(settingLaws.blockSize, 'Size of one read.'),
    'piece-size': size(settingLaws.pieceSize, 'Size of a piece, the unit in which damage is told; a power of two.'),
    'read-back': z.boolean().describe('Read the image again past the page cache and compare.'),
    'verify-source': z.boolean().describe('Read the source a second time and compare.'),
    'write-protection': oneOf(
      REQUIRABLE,
      'The weakest verdict on a disk that is read without a reason given; docs/write-blocking.md says what they mean.',
    ),
    probe: z.boolean().describe('Ask the named disk itself, with time limits; nothing is changed.'),
    'vendor-query': z.boolean().describe("Put its maker's query to a Tableau write blocker."),
    recovery: oneOf(
      ['in-line', 'deferred'],
      'Deal with bad places where they are met, or read all good areas first (rescue of a dying disk).',
    ),
    retries: limit(settingLaws.retries, 'Further reads of each sector that failed.'),
    'max-bad': orNone(settingLaws.maxBad, 'Logical sectors that may stay unreadable before the job gives up.'),
    'read-timeout': orNone(
      settingLaws.readTimeout,
      'Seconds after which a read that gives no answer is left behind and counts as failed.',
    ),
    'wait-for-device': limit(
      settingLaws.waitForDevice,
      'Seconds that a job waits for a source that was pulled out; 0: it ends at once.',
    ),
  })
  .superRefine((profile, context) => {
    const [blockSize, pieceSize] = [toBytes(profile['block-size']), toBytes(profile['piece-size'])];
    // A size that is none has been told already.
    const fault = blockSize === null || pieceSize === null ? null : pieceBlockFault({ blockSize, pieceSize });
    if (fault !== null) context.addIssue({ code: 'custom', path: ['piece-size'], message: fault });
  })
  .meta({ title: 'exhibit profile' });

type ProfileFile = z.infer<typeof profileSchema>;

/** The settings of a judged profile file, sizes in bytes. */
export function settingsOf(file: ProfileFile): Settings {
  return {
    format: file.format,
    segmentSize: lawfulBytes(file['segment-size']),
    hashes: file.hashes,
    engine: file.engine,
    reader: file.reader,
    blockSize: lawfulBytes(file['block-size']),
    pieceSize: lawfulBytes(file['piece-size']),
    readBack: file['read-back'],
    verifySource: file['verify-source'],
    protection: file['write-protection'],
    probe: file.probe,
    vendorQuery: file['vendor-query'],
    recovery: file.recovery,
    retries: file.retries,
    maxBad: numberOrNull(file['max-bad']),
    readTimeout: numberOrNull(file['read-timeout']),
    waitForDevice: file['wait-for-device'],
  };
}

function numberOrNull(value: number | 'none'): number | null {
  return value === 'none' ? null : value;
}

function sizeFault(value: string | number, law: (bytes: Bytes) => string | null): string | null {
  const bytes = toBytes(value);
  return bytes === null ? SIZE : law(bytes);
}

function lawfulBytes(value: string | number): Bytes {
  const bytes = toBytes(value);
  if (bytes === null) throw bug('profile: a size got past the schema');
  return bytes;
}

/** Null: not a size. */
function toBytes(value: string | number): Bytes | null {
  if (typeof value === 'number') return value;
  try {
    return parseSize(value, 'size');
  } catch {
    return null;
  }
}
