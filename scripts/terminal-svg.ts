// Terminal text with colours → SVG. Made for docs/*.svg, from real runs:
//   tmux capture-pane -e -p -t SESSION | node dist/scripts/terminal-svg.js TITLE > docs/NAME.svg
import { readFileSync } from 'node:fs';

const CELL = { width: 8.4, height: 19, font: 14 };
const PADDING = 16;
const BAR = 34;
const PAPER = '#1b1f27';
const INK = '#d7dae0';
const DIM = '#8a919e';
/** The sixteen colours, SGR 30 to 37 and 90 to 97. */
const PALETTE = [
  ...['#3b4048', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0'],
  ...['#8a919e', '#f2848d', '#b1dc92', '#f0d08f', '#7fc1f7', '#d79be8', '#74cfdb', '#ffffff'],
];

interface Style {
  readonly colour: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
}

interface Run extends Style {
  readonly column: number;
  readonly text: string;
}

const PLAIN: Style = { colour: null, bold: false, dim: false };

process.stdout.write(svg(readFileSync(0, 'utf8'), process.argv[2] ?? 'exhibit'));

function svg(terminal: string, title: string): string {
  const lines = terminal.trimEnd().split('\n').map(parseLine);
  const columns = Math.max(...lines.flat().map(({ column, text }) => column + letters(text)), 60);
  const width = Math.ceil(columns * CELL.width + 2 * PADDING);
  const height = BAR + lines.length * CELL.height + PADDING;
  const dots = ['#e06c75', '#e5c07b', '#98c379'].map(
    (fill, index) => `<circle cx="${PADDING + 6 + index * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    ...dots,
    `<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="${CELL.font}">`,
    ...lines.flatMap((runs, row) => runs.map((run) => textElement(run, row))),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** `textLength` keeps the columns in line, whatever font the viewer has; blanks that do not break are not merged. */
function textElement(run: Run, row: number): string {
  const x = (PADDING + run.column * CELL.width).toFixed(1);
  const y = BAR + row * CELL.height + CELL.font;
  const length = (letters(run.text) * CELL.width).toFixed(1);
  const weight = run.bold ? ' font-weight="bold"' : '';
  const fill = run.colour ?? (run.dim ? DIM : INK);
  return `<text x="${x}" y="${y}" textLength="${length}" fill="${fill}"${weight}>${escape(run.text).replaceAll(' ', '\u00a0')}</text>`;
}

/** One line → runs of one style each, cut at wide gaps, so that columns stay in line in any font. */
function parseLine(line: string): Run[] {
  const runs: Run[] = [];
  let style = PLAIN;
  let column = 0;
  // eslint-disable-next-line no-control-regex -- escape sequences are what this takes apart
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b[')) {
      style = restyle(style, part.slice(2, -1).split(';').map(Number));
      continue;
    }
    for (const found of part.matchAll(/\S+(?: \S+)*/gu))
      runs.push({ ...style, column: column + letters(part.slice(0, found.index)), text: found[0] });
    column += letters(part);
  }
  return runs;
}

function restyle(style: Style, codes: readonly number[]): Style {
  return codes.reduce<Style>((now, code) => {
    if (code === 0) return PLAIN;
    if (code === 1) return { ...now, bold: true };
    if (code === 2) return { ...now, dim: true };
    if (code === 22) return { ...now, bold: false, dim: false };
    if (code === 39) return { ...now, colour: null };
    if (code >= 30 && code <= 37) return { ...now, colour: PALETTE[code - 30] ?? null };
    if (code >= 90 && code <= 97) return { ...now, colour: PALETTE[code - 82] ?? null };
    return now;
  }, style);
}

function letters(text: string): number {
  return Array.from(text).length;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
