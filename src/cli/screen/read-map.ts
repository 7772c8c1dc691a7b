import { fewerCells } from '../../model/map-cells.ts';
import { STATUS_LETTERS, type ReadStatus } from '../../model/read-map.ts';
import { roundBytes } from '../../model/size.ts';

interface Look {
  readonly status: ReadStatus;
  readonly words: string;
  readonly block: string;
  /** Of an SGR escape. */
  readonly colour: number;
}

/** Blocks of different shape: red and green are one colour to some. */
const LOOKS: readonly Look[] = [
  { status: 'good', words: 'read', block: '█', colour: 32 },
  { status: 'unreadable', words: 'unreadable', block: '▄', colour: 31 },
  { status: 'failed-large', words: 'failed', block: '▓', colour: 33 },
  { status: 'failed-small', words: 'failed in small reads', block: '▒', colour: 33 },
  { status: 'not-tried', words: 'not tried', block: '░', colour: 2 },
];
const BY_LETTER = new Map(LOOKS.map((look) => [STATUS_LETTERS[look.status], look]));

const MOST_COLUMNS = 64;
const FEWEST_COLUMNS = 16;
const ROWS = 4;

/**
 * The read map for a person: some rows of cells, each as its worst part is, and what they mean.
 * @param cells as `mapCells` gives them
 * @param size of the source, in bytes
 * @param columns that the terminal has
 * @param coloured blocks of colour; otherwise GNU ddrescue's letters
 */
export function mapLines(cells: string, size: number, columns: number, coloured: boolean): string[] {
  if (cells === '') return [];
  const width = Math.min(MOST_COLUMNS, Math.max(FEWEST_COLUMNS, columns - 8));
  const shown = fewerCells(cells, width * ROWS);
  const rows = Array.from({ length: Math.ceil(shown.length / width) }, (_, row) =>
    shown.slice(row * width, (row + 1) * width),
  );
  const seen = LOOKS.filter(({ status }) => shown.includes(STATUS_LETTERS[status]));
  const signs = seen.map((look) => `${coloured ? painted(look, 1) : STATUS_LETTERS[look.status]} ${look.words}`);
  const each = `each the worst of ${roundBytes(Math.ceil(size / shown.length))}`;
  return [...(coloured ? rows.map(paint) : rows), `${signs.join('  ')}  (${each})`];
}

/** Whether there is anything to see in it. */
export function allGood(cells: string): boolean {
  return /^\+*$/.test(cells);
}

/** Runs of one colour get one escape. */
function paint(row: string): string {
  return (row.match(/(.)\1*/g) ?? []).map((run) => painted(BY_LETTER.get(run[0] ?? ''), run.length)).join('');
}

function painted(look: Look | undefined, length: number): string {
  return look === undefined ? '' : `\u001b[${look.colour}m${look.block.repeat(length)}\u001b[0m`;
}
