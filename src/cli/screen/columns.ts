import { cell } from '../../model/text.ts';

/** A column of a table for people. */
export interface Column {
  readonly title: string;
  /** The narrowest it may get when the terminal is narrow; 0: never cut. */
  readonly least: number;
  readonly right?: boolean;
  /** Which gives way first when it gets narrow: 1 before 2. Without it the column keeps its width. */
  readonly givesWay?: number;
}

const GAP = '  ';

/**
 * Rows of a table, heading first; every cell made visible, cut where its column may be.
 * @param width letters that fit on a line; only columns that are never cut may pass it
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): { readonly heading: string; readonly lines: readonly string[] } {
  const widths = fit(columns, rows, width);
  const asLine = (cells: readonly string[]): string => line(columns, cells, widths);
  return { heading: asLine(columns.map(({ title }) => title)), lines: rows.map(asLine) };
}

/** Natural widths, then the columns that may be cut give way until it fits. */
function fit(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): number[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((cells) => Array.from(shown(cells[index] ?? '', index, Infinity)).length)),
  );
  const yielding = columns
    .map(({ least, givesWay }, index) => ({ least, givesWay: givesWay ?? 0, index }))
    .filter(({ givesWay }) => givesWay > 0)
    .sort((a, b) => a.givesWay - b.givesWay);
  for (const { index, least } of yielding) {
    const over = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1)) - width;
    const natural = widths[index] ?? 0;
    if (over > 0) widths[index] = Math.min(natural, Math.max(least, natural - over));
  }
  return widths;
}

/** `cell` trims; the indent of a partition in the first column stays. */
function shown(text: string, column: number, width: number): string {
  const indent = column === 0 && text.startsWith(GAP) ? GAP : '';
  return indent + cell(text, width - indent.length);
}

function line(columns: readonly Column[], cells: readonly string[], widths: readonly number[]): string {
  return columns
    .map(({ right }, index) => {
      const width = widths[index] ?? 0;
      const text = shown(cells[index] ?? '', index, width);
      const blanks = ' '.repeat(Math.max(0, width - Array.from(text).length));
      return right === true ? blanks + text : text + blanks;
    })
    .join(GAP)
    .trimEnd();
}
