import type { Manifest } from '../manifest/schema.ts';
import { subtract, total, type Range } from '../model/range.ts';
import { describeBytes } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { damageOf } from './damage.ts';
import type { ImageDigests } from './image-digests.ts';
import type { ImagePlan } from './image-plan.ts';
import type { Check, DamageRange, ImageReading } from './report.ts';

export interface ImageFindings {
  readonly checks: readonly Check[];
  readonly damage: readonly DamageRange[];
  readonly reading: ImageReading;
  /** SHA-256 of the image files as they are, where they were read through. */
  readonly fileHashes: ReadonlyMap<string, string>;
}

export interface ImageFacts {
  readonly manifest: Manifest;
  readonly plan: ImagePlan;
  readonly found: ImageDigests;
  /** The stream hashes ran over the whole image. */
  readonly streams: boolean;
  readonly fileHashes: ReadonlyMap<string, string>;
  /** Pieces that are not as listed; null: there is no list to trust. */
  readonly differing: readonly Range[] | null;
  readonly seed: string | null;
}

const WHOLE = 'Check the whole folder, without --range and --sample.';

export function judgeImage(facts: ImageFacts): ImageFindings {
  const streams = streamChecks(facts);
  const unreadable = [...facts.found.unreadable.values()].flat();
  const proven = segmentsBy(facts, true);
  // Not missing when the folder was looked at, but when it was read: zeros stood in for it, and no hash may excuse that.
  const lost = facts.found.missing.flatMap((range) => subtract(range, [...facts.plan.missing, ...unreadable]));
  const wrong = { missing: [...facts.plan.missing, ...lost], unreadable, differing: facts.differing ?? [], proven };
  let damage = damageOf(facts.manifest, wrong);
  if (damage.length === 0 && wrong.differing.length > 0) {
    // The files' hashes are right and the pieces' are not: the lists contradict each other, and nothing is proven.
    damage = damageOf(facts.manifest, { ...wrong, proven: [] });
  }
  if (damage.length === 0 && streams.some((check) => check.status === 'damaged')) {
    damage = damageOf(facts.manifest, { ...wrong, differing: badSegments(facts), proven: [] });
  }
  const { plan, found, seed } = facts;
  return {
    checks: [...streams, ...pieceChecks(facts, damage), ...readErrors(found), ...lostChecks(lost)],
    damage,
    reading: {
      whole: plan.whole && plan.dark.length === 0,
      ranges: plan.read,
      cache: { ...found.cache, how: visible(found.cache.how), fileSystem: visible(found.cache.fileSystem) },
      seed: seed === null ? null : visible(seed),
    },
    fileHashes: facts.fileHashes,
  };
}

function lostChecks(lost: readonly Range[]): Check[] {
  if (lost.length === 0) return [];
  const message = `${describeBytes(total(lost))} of the image went missing while it was read.`;
  return [{ name: 'image-pieces', status: 'damaged', message }];
}

function streamChecks({ manifest, plan, found, streams }: ImageFacts): Check[] {
  if (!plan.whole) {
    const message = 'The stream hashes were not checked: only a part of the image was read.';
    return [{ name: 'stream-hash', status: 'not-checked', message, hint: WHOLE }];
  }
  if (!streams) {
    const lost = plan.missing.length > 0;
    const message = lost
      ? `The stream hashes can't fit: ${describeBytes(total(plan.missing))} of the image are missing.`
      : 'The stream hashes were not checked: not every image file can be read.';
    return [{ name: 'stream-hash', status: lost ? 'damaged' : 'not-checked', message }];
  }
  return manifest.digests.map(({ algorithm, hex }): Check => {
    const now = found.digests.find((digest) => digest.algorithm === algorithm)?.hex;
    const name = algorithm.toUpperCase();
    if (now === hex)
      return { name: 'stream-hash', status: 'ok', message: `${name} of the image: ${hex}, as in the manifest.` };
    const message = `${name} of the image is ${now ?? 'unknown'}; the manifest says ${hex}.`;
    return { name: 'stream-hash', status: 'damaged', message };
  });
}

function pieceChecks(facts: ImageFacts, damage: readonly DamageRange[]): Check[] {
  const checks: Check[] = [];
  const add = (status: Check['status'], message: string): void =>
    void checks.push({ name: 'image-pieces', status, message });
  if (damage.length > 0) {
    const ranges = damage.length === 1 ? '1 range' : `${damage.length} ranges`;
    add('damaged', `The image is damaged in ${ranges}, ${describeBytes(total(damage))}; they are listed below.`);
  }
  if (facts.differing === null) {
    add(
      'not-checked',
      'The pieces were not compared: their list is not to be had, so that damage can be told by file only.',
    );
  }
  if (facts.plan.dark.length > 0) {
    add(
      'not-checked',
      `${describeBytes(total(facts.plan.dark))} of the image lie in files that this user may not read.`,
    );
  }
  if (checks.length === 0) add('ok', goodPieces(facts));
  return checks;
}

function goodPieces({ manifest, plan }: ImageFacts): string {
  const { size, count } = manifest.pieces;
  if (plan.whole)
    return count === 1 ? 'The one piece of the image is as listed.' : `All ${count} pieces of the image are as listed.`;
  const looked = plan.chosen.reduce((sum, range) => sum + Math.ceil((range.end - range.start) / size), 0);
  return `${looked} of ${count} pieces were read, ${describeBytes(total(plan.read))}: as listed.`;
}

function readErrors({ unreadable }: ImageDigests): Check[] {
  return [...unreadable].map(([errno, ranges]) => ({
    name: 'image-pieces',
    status: 'damaged',
    message: `The image file can't be read in ${describeBytes(total(ranges))}: ${visible(errno)}.`,
  }));
}

/** Without a trustworthy list of pieces: the segments whose hash is wrong; else all of it. */
function badSegments(facts: ImageFacts): Range[] {
  const ranges = segmentsBy(facts, false);
  return ranges.length > 0 ? ranges : [{ start: 0, end: facts.manifest.image.size }];
}

/** The segments that have, or have not, the hash of the manifest. */
function segmentsBy({ manifest: { image }, fileHashes }: ImageFacts, right: boolean): Range[] {
  return image.segments
    .filter((segment) => (fileHashes.get(segment.name) === segment.sha256) === right)
    .map(({ offset, size }) => ({ start: offset, end: offset + size }));
}
