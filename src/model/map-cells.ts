import { STATUS_LETTERS, type ReadMap, type ReadStatus } from './read-map.ts';

/** Cells of a map as screens and programs get it: four rows of 64. */
const MAP_CELLS = 256;

/** From what a person must see to what needs no look. */
const WORST_FIRST: readonly ReadStatus[] = ['unreadable', 'failed-small', 'failed-large', 'not-tried', 'good'];
const WORST_LETTERS = WORST_FIRST.map((status) => STATUS_LETTERS[status]);

/**
 * The source as a row of at most `most` cells of equal size, each by the letter of the worst status in it: a single bad
 * sector in a terabyte shows. The letters are GNU ddrescue's: `+` good, `-` unreadable, `*` and `/` failed, `?` not tried.
 */
export function mapCells(map: Pick<ReadMap, 'size' | 'entries'>, most = MAP_CELLS): string {
  // Whole bytes, so that nothing is rounded into its neighbour.
  const bytes = Math.max(1, Math.ceil(map.size / most));
  const ranks = new Array<number>(Math.ceil(map.size / bytes)).fill(WORST_FIRST.length - 1);
  for (const { start, end, status } of map.entries) {
    const rank = WORST_FIRST.indexOf(status);
    for (let cell = Math.floor(start / bytes); cell * bytes < end; cell += 1)
      ranks[cell] = Math.min(ranks[cell] ?? rank, rank);
  }
  return ranks.map((rank) => WORST_LETTERS[rank] ?? '').join('');
}

/** The same row in at most `most` cells, each with the worst letter of those that it covers. */
export function fewerCells(cells: string, most: number): string {
  if (cells.length <= most) return cells;
  return Array.from({ length: most }, (_, index) => {
    const from = Math.floor((index * cells.length) / most);
    const covered = cells.slice(from, Math.floor(((index + 1) * cells.length) / most));
    return WORST_LETTERS.find((letter) => covered.includes(letter)) ?? '?';
  }).join('');
}
