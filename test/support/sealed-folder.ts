import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transcriptHere } from '../cli/transcript.ts';
import { manifestOf, type Desk } from './exhibit.ts';
import { exhibitHere } from './in-process.ts';
import { sh } from './loop.ts';
import { sumOf } from './stock-tools.ts';

/** Closes as incomplete; gives what was printed. */
export async function seal(desk: Desk, folder: string, exit: number, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await exhibitHere([
    ...['seal', folder, '--incomplete', 'it stopped', '--key', desk.key],
    ...more,
  ]);
  assert.equal(code, exit, stdout + stderr);
  return stdout;
}

export async function verified(desk: Desk, folder: string, exit: number): Promise<void> {
  await transcriptHere(['verify', folder, '--signers', desk.signers], {
    exit,
    prints: [
      exit === 4 ? /NOTHING CONTRADICTS.*was not complete/s : /DAMAGED.*(did not read back|gave different data)/s,
    ],
  });
}

interface Block {
  readonly start: number;
  readonly end: number;
}

/** The blocks of the mapfile, read here by hand, after ddrescue's own tool has taken it and counted the same. */
export function mapOf(folder: string): { good: Block[]; unreadable: Block[] } {
  const path = join(folder, 'HDD-01.map');
  const told = sh('ddrescuelog', '--show-status', path);
  assert.match(told, /rescued/);
  const lines = readFileSync(path, 'utf8').split('\n');
  const blocks = (status: string): Block[] =>
    lines.flatMap((line) => {
      const [, pos, size] = new RegExp(`^(0x\\w+)\\s+(0x\\w+)\\s+\\${status}$`).exec(line) ?? [];
      return pos === undefined ? [] : [{ start: Number(pos), end: Number(pos) + Number(size) }];
    });
  const found = { good: blocks('+'), unreadable: blocks('-') };
  for (const [status, list] of [
    ['+', found.good],
    ['-', found.unreadable],
  ] as const) {
    const counted = spawnSync('ddrescuelog', ['--block-size=512', `--list-blocks=${status}`, path], {
      encoding: 'utf8',
      maxBuffer: 1e7,
    });
    assert.equal(counted.status, 0, counted.stderr);
    const sum = list.reduce((bytes, { start, end }) => bytes + end - start, 0);
    assert.equal((counted.stdout.match(/\n/g) ?? []).length * 512, sum);
  }
  return found;
}

/** Byte for byte as on the source, by cmp; and each piece that lies in them by the SHA-256 that the folder lists. */
export function assertGood(folder: string, truth: string, good: readonly Block[]): void {
  const image = join(folder, 'HDD-01.dd.partial');
  assert.ok(good.length > 0);
  for (const { start, end } of good)
    sh('cmp', `--ignore-initial=${start}:${start}`, `--bytes=${end - start}`, image, truth);
  assert.equal(
    sumOf('sha256sum', image),
    manifestOf(folder).digests.find(({ algorithm }) => algorithm === 'sha256')?.hex,
  );
  const list = readFileSync(join(folder, 'HDD-01.pieces.sha256'), 'utf8').trim().split('\n');
  const source = readFileSync(truth);
  let compared = 0;
  for (const line of list) {
    const [, hex = '', offset, length] = /^(\w{64}) {2}(\d+)\+(\d+)$/.exec(line) ?? [];
    const [start, end] = [Number(offset), Number(offset) + Number(length)];
    if (!good.some((range) => range.start <= start && end <= range.end)) continue;
    const piece = join(folder, '..', 'piece');
    writeFileSync(piece, source.subarray(start, end));
    assert.equal(sumOf('sha256sum', piece), hex, line);
    rmSync(piece);
    compared += 1;
  }
  assert.ok(compared > 0, 'no piece was good');
}
