/** docs/throughput.svg: throughput by tool, of the committed bench/results.json. */
import type { Row } from './contest.ts';
import type { Results } from './results.ts';

const WIDTH = 720;
const PADDING = 20;
const LABELS = 190;
const BARS = 390;
const LINE = 26;
const BAR = 16;
/** For whoever looks at it in light, and in dark. */
const COLOURS = {
  light: { paper: '#ffffff', ink: '#1f2328', dim: '#59636e', ours: '#1a7f64', theirs: '#9aa4af' },
  dark: { paper: '#0d1117', ink: '#e6edf3', dim: '#9198a1', ours: '#3fb68b', theirs: '#59636e' },
};
const SHAPES =
  'text{font:13px system-ui,"Segoe UI",Helvetica,Arial,sans-serif}text.dim{font-size:12px}text.head{font-weight:600}.range{stroke-width:1}';

/** One bar a tool, the fastest first; the line across its end goes from the slowest to the fastest round. */
export function picture(results: Results): string {
  const groups = [
    { title: 'Acquire: random data, MD5 and SHA-256, memory to memory', rows: results.acquire?.random?.rows ?? [] },
    { title: 'Verify: the stored image, in memory', rows: results.verify?.rows ?? [] },
  ].filter(({ rows }) => rows.length > 0);
  const most = Math.max(1, ...groups.flatMap(({ rows }) => rows.map(({ fastest }) => fastest)));
  const parts: string[] = [];
  let y = PADDING;
  for (const { title, rows } of groups) {
    parts.push(text(PADDING, y + 14, title, 'head'));
    y += LINE;
    for (const row of [...rows].sort((a, b) => b.mebibytes_per_second - a.mebibytes_per_second)) {
      parts.push(...bar(row, y, BARS / most));
      y += LINE;
    }
    y += LINE / 2;
  }
  for (const line of footer(results)) {
    parts.push(text(PADDING, y + 8, line, 'dim'));
    y += 18;
  }
  const height = Math.ceil(y + PADDING - 6);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>Throughput by tool, MiB a second</title>`,
    `<style>${SHAPES}${colours('light')}@media(prefers-color-scheme:dark){${colours('dark')}}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function colours(scheme: keyof typeof COLOURS): string {
  const { paper, ink, dim, ours, theirs } = COLOURS[scheme];
  return `.paper{fill:${paper}}text{fill:${ink}}text.dim{fill:${dim}}.ours{fill:${ours}}.theirs{fill:${theirs}}.range{stroke:${ink}}`;
}

function bar(row: Row, y: number, scale: number): string[] {
  const x = PADDING + LABELS;
  const middle = y + BAR / 2;
  const end = (rate: number): string => (x + rate * scale).toFixed(1);
  const kind = row.name.startsWith('exhibit') ? 'ours' : 'theirs';
  return [
    text(PADDING, y + 13, row.name),
    `<rect class="${kind}" x="${x}" y="${y}" width="${(row.mebibytes_per_second * scale).toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<path class="range" d="M${end(row.slowest)} ${middle}H${end(row.fastest)}"/>`,
    text(
      Number(end(Math.max(row.fastest, row.mebibytes_per_second))) + 8,
      y + 13,
      `${Math.round(row.mebibytes_per_second)} MiB/s`,
    ),
  ];
}

function footer({ acquire, machine, measured, program, quick }: Results): string[] {
  const { cpu, cores, memory_gibibytes: memory, kernel, node } = machine;
  const run = acquire?.random;
  const how = run === undefined ? '' : `, medians of ${run.rounds} × ${run.mebibytes} MiB`;
  return [
    `${cpu}, ${cores} cores, ${memory} GiB, Linux ${kernel}, Node ${node}`,
    `Measured ${measured.slice(0, 10)}${program.commit === null ? '' : `, exhibit ${program.commit}`}${how}${quick ? ' (a quick run: not to be held against anything)' : ''}`,
  ];
}

function text(x: number, y: number, content: string, kind?: string): string {
  const shown = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text${kind === undefined ? '' : ` class="${kind}"`} x="${x}" y="${y}">${shown}</text>`;
}
