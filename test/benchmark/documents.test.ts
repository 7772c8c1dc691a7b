import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { describe } from 'node:test';
import { documents, lackingOf, readResults } from '../../bench/files.ts';
import { figures } from '../../bench/elsewhere.ts';
import { withFigures } from '../../bench/page.ts';
import { picture } from '../../bench/picture.ts';
import type { Results } from '../../bench/results.ts';
import { SSH, SSH_TEE } from '../../bench/ssh.ts';
import { MD5_ON_ALL } from '../../bench/stages.ts';
import { targetsOf } from '../../bench/targets.ts';
import { contestOf, resultsOf } from './measured.ts';

const PAGE = 'before\n<!-- figures: made by npm run bench -->\nold\n<!-- end of figures -->\nafter\n';
const acquire = { random: contestOf({ 'exhibit direct native': 1, dc3dd: 4, 'dd | tee | sha256sum': 2 }) };

describe('what is made of bench/results.json', () => {
  test('docs/throughput.svg and docs/speed.md are (node dist/scripts/speed-docs.js rewrites them)', () => {
    for (const { path, content } of documents()) assert.equal(readFileSync(path, 'utf8'), content, path);
  });

  test('its targets are judged as the program judges them', () => {
    const results = readResults();
    assert.deepEqual(results.targets, targetsOf(results));
    // A look at whether everything works is nothing to be held against anybody.
    assert.equal(results.quick, false);
  });

  test('the picture has a bar a tool, the fastest longest, and names the machine', () => {
    const svg = picture(resultsOf({ acquire }));
    const widths = [...svg.matchAll(/<rect class="(\w+)" x="\d+" y="[\d.]+" width="([\d.]+)"/g)];
    assert.deepEqual(
      widths.map(([, kind, width]) => [kind, Number(width)]),
      [
        ['ours', 390],
        ['theirs', 195],
        ['theirs', 97.5],
      ],
    );
    assert.match(svg, /A &amp; B &lt;cpu&gt;, 2 cores, 24 GiB, Linux 6\.1, Node v20\.20\.0/);
    assert.match(svg, /Measured 2026-01-02, exhibit abc1234, medians of 1 × 1024 MiB</);
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  });

  test('the page keeps what is around its figures, and says what was not measured', () => {
    const page = withFigures(PAGE, resultsOf({ acquire, targets: targetsOf({ acquire }) }));
    assert.match(page, /^before\n/);
    assert.match(page, /\nafter\n$/);
    assert.doesNotMatch(page, /\nold\n/);
    assert.match(page, /\| acquire: exhibit direct native, times dc3dd \| at least 2 \| 4 \| yes \|/);
    assert.match(page, /\| verify: .* \| not measured \| {2}\|/);
    assert.match(page, /Not installed, not measured: ewfacquire\./);
    assert.match(
      page,
      /others took 1 % of its processors just before, and its host 0\.4 % meanwhile, as far as it tells\.\nexhibit abc1234, SHA-256 of all that was compiled 0123456789abcdef…,/,
    );
    assert.match(page, /ssh2's own decryption compiled/);
    // A bar in a cell would end it.
    assert.match(page, /\| dd \\\| tee \\\| sha256sum \|/);
    assert.equal(withFigures(page, resultsOf({ acquire, targets: targetsOf({ acquire }) })), page);
    assert.throws(() => withFigures('no place', resultsOf({})), /no place for figures/);
  });

  test('disks of other machines, bad ones and jobs that were killed have their tables and targets', () => {
    const seconds = new Map([
      [SSH, [2, 1, 2]],
      [SSH_TEE, [3, 4, 3]],
    ]);
    const measured = {
      ssh: figures(seconds, 1024, { [SSH]: [SSH_TEE] }),
      bad_media: [
        {
          ...{ name: 'dc3dd', rounds: 3, seconds: 1.5, failing_reads: 6 },
          ...{ wrong_sectors: 1, missing_sectors: 2, single_seconds: [1.5, 1, 2] },
        },
      ],
      cut_off: [
        {
          ...{ engine: 'wasm', seconds_with_checkpoints: 6, seconds_without: 5, checkpoints_cost_percent: 20 },
          ...{ resumed_at_mebibytes: 700, seconds_to_new_data: 0.8, seconds_to_hash_it: 1.5 },
        },
      ],
    };
    const page = withFigures(PAGE, resultsOf({ ...measured, targets: targetsOf(measured) }));
    assert.match(page, /\| exhibit \| 3 × 1024 MiB \| 512 \| 512–1024 \| 1\.5 × ssh dd \\\| tee, md5sum, sha256sum \|/);
    assert.match(page, /\| ssh: exhibit, times ssh dd \\\| tee, md5sum, sha256sum \| at least 1\.7 \| 1\.5 \| no \|/);
    assert.match(page, /\| netcat: .* \| not measured \|/);
    assert.match(page, /\| failing reads \| wrong sectors \| missing sectors \|\n/);
    assert.match(page, /\| dc3dd \| 3 \| 1\.5 \| 6 \| 1 \| 2 \|\n/);
    assert.match(page, /\| last checkpoint at MiB \| s until it reads on \| s to hash that alone \|\n/);
    assert.match(page, /\| wasm \| 6 \| 5 \| 700 \| 0\.8 \| 1\.5 \|\n/);
  });

  test('what is missed is held against its own stages', () => {
    const row = (name: string, seconds: readonly number[]) => ({
      ...{ name, mebibytes_per_second: 1024, cpu_seconds_per_gibibyte: 1 },
      ...{ seconds, cpu_seconds: [1] },
    });
    const rows = [row('all, direct', [3, 3.5, 5]), row('md5 native, memory', [2]), row(MD5_ON_ALL, [2.25])];
    const stages = {
      ...{ mebibytes: 1024, rounds: 1, bottleneck: '', rows },
      own_limit: { mebibytes_per_second: 512, set_by: 'the processor: 2 cores' },
    };
    const random = contestOf({ 'exhibit direct native': 4, dc3dd: 6 });
    const page = withFigures(PAGE, resultsOf({ acquire: { random }, stages }));
    assert.match(page, /\| acquire: exhibit direct native, times dc3dd \| 4 \| 3 \| 3\.5 \(3–5\) \|/);
    assert.match(page, /medians of these stages come to 2 s at least \(the processor: 2 cores\)/);
    assert.match(page, /takes 2 s alone, and 2\.25 s where every core does the same/);
    assert.doesNotMatch(withFigures(PAGE, resultsOf({ acquire })), /What an acquisition misses/);
  });

  test('documents are made of nothing less than everything, by everybody, of one commit, on a quiet machine', () => {
    const stages = { mebibytes: 1, rounds: 1, rows: [], bottleneck: '', own_limit: null };
    const parts = { verify: contestOf({}), stages, growth: { rows: [], left_out: [] } };
    const near = { ...parts, bad_media: [], cut_off: [] };
    const kinds = { random: contestOf({}), zeros: contestOf({}), 'file system image': contestOf({}) };
    const whole = resultsOf({ ...near, ssh: [], netcat: [], acquire: kinds, peers: { dc3dd: '7.2' } });
    const { program, machine } = whole;
    const lacking = (change: Partial<Results>, full = true, now = program): string[] =>
      lackingOf({ full }, { ...whole, ...change }, now);
    assert.deepEqual(lacking({}), []);
    assert.deepEqual(lacking({}, false), ['less than a full run']);
    assert.deepEqual(lacking({ peers: { dc3dd: null, dd: '9' } }), ['not installed: dc3dd']);
    const unmeasured = resultsOf({ ...near, acquire: kinds, peers: {} });
    assert.deepEqual(lackingOf({ full: true }, unmeasured, program), ['not measured: ssh, netcat']);
    assert.deepEqual(lacking({ acquire: { random: kinds.random, zeros: kinds.zeros } }), [
      'not acquired: file system image',
    ]);
    assert.deepEqual(lacking({ machine: { ...machine, busy_before: 0.11 } }), ['the machine was busy']);
    for (const commit of [null, 'abc1234-dirty'])
      assert.deepEqual(lacking({ program: { ...program, commit } }), ['what was built is no commit']);
    assert.match(lacking({}, true, { ...program, sha256: 'other' }).join(), /built anew meanwhile/);
  });

  test('a quick run says so', () => {
    assert.match(picture(resultsOf({ acquire, quick: true })), /a quick run/);
    assert.match(withFigures(PAGE, resultsOf({ acquire, quick: true })), /\*\*A quick run/);
  });
});
