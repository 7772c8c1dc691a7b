import { createHash } from 'node:crypto';

/**
 * Which of `total` pieces a sample looks at: those with the smallest numbers, where a piece's number is the first six
 * bytes of SHA-256 over `exhibit-sample:<seed>:<index>`. Anybody can repeat the choice from the seed; a larger
 * sample holds the smaller ones of the same seed.
 * @returns indexes in ascending order
 */
export function samplePieces(total: number, count: number, seed: string): number[] {
  if (count >= total) return Array.from({ length: total }, (_, index) => index);
  const draws = Float64Array.from({ length: total }, (_, index) => draw(seed, index));
  const limit = draws.toSorted()[count - 1] ?? -1;
  const chosen: number[] = [];
  for (const [index, value] of draws.entries()) if (value < limit) chosen.push(index);
  // Equal draws (one in 2^48) are taken in order, so that the count is exact.
  for (const [index, value] of draws.entries()) if (value === limit && chosen.length < count) chosen.push(index);
  return chosen.sort((a, b) => a - b);
}

function draw(seed: string, index: number): number {
  return createHash('sha256').update(`exhibit-sample:${seed}:${index}`).digest().readUIntBE(0, 6);
}
