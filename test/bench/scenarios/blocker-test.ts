import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { jsonLines, type Desk } from '../../support/exhibit.ts';
import { runArgv } from '../../blocker-test/support.ts';
import type { Bench, Ran } from '../guest/bench.ts';
import { BLOCKER, BRIDGE } from '../guest/usb-specs.ts';
import { onRequest, scenario } from '../scenario.ts';

/** The least that a scratch disk may have, in MiB: all of it is read twice in a run. */
const SCRATCH = 16;

/** A test of the blocker, its report checked by the program itself and by ssh-keygen. */
async function test(bench: Bench, desk: Desk, node: string): Promise<Tested> {
  const before = new Set(readdirSync(desk.to));
  const ran = await bench.blockerTest(runArgv(desk, node, '--json'));
  const made = readdirSync(desk.to).filter((name) => !before.has(name));
  const folder = join(desk.to, made[0] ?? '');
  const { result, why } = (jsonLines(ran.stdout).at(-1) ?? {}) as { result?: string; why?: string[] };
  const verified = await bench.blockerTest(['verify', folder, '--signers', desk.signers]);
  const check = `ssh-keygen -Y verify -f "$1" -I 'Ada Byron' -n exhibit-blocker-test -s "$2.sig" < "$2"`;
  const signatures = ['SHA256SUMS', 'validation.json'].map((name) =>
    bench.run('sh', '-c', check, 'sh', desk.signers, join(folder, name)),
  );
  return { ran: { ...ran, stdout: '' }, made: made.length, result, why, verified, signatures };
}

interface Tested {
  readonly ran: Ran;
  readonly made: number;
  readonly result: string | undefined;
  readonly why: readonly string[] | undefined;
  readonly verified: Ran;
  readonly signatures: readonly Ran[];
}

function judgeReport({ ran, made, verified, signatures }: Tested): void {
  assert.equal(made, 1, ran.stderr);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  for (const { code, stderr } of signatures) assert.equal(code, 0, stderr);
}

export const blockerTestScenarios = [
  // Behind loop devices the gate goes the same way (test/blocker-test/).
  onRequest(
    scenario({
      name: 'exhibit-blocker-test: blocked behind the blocker, not blocked behind an ordinary bridge, an unmarked disk refused',
      setup: async (bench) => ({ usb: await bench.usb({ ...BRIDGE, mebibytes: SCRATCH }), desk: bench.desk() }),
      command: async (bench, { usb, desk }) => {
        const sum = (): string => bench.must('sha256sum', usb.medium).slice(0, 64);
        const before = sum();
        const unmarked = await bench.blockerTest(runArgv(desk, usb.node));
        const untouched = before === sum();
        const erase = ['--serial', BRIDGE.serial, '--erase-consent', `erase ${BRIDGE.serial}`];
        const prepared = await bench.blockerTest(['prepare', usb.node, ...erase]);
        const marked = sum();
        const behind = await usb.moveBehind(BLOCKER);
        const blocked = await test(bench, desk, behind.node);
        const whole = marked === sum();
        const open = await usb.moveBehind(BRIDGE);
        const notBlocked = await test(bench, desk, open.node);
        return { unmarked, untouched, prepared, blocked, whole, notBlocked, changed: marked !== sum() };
      },
      expect: ({ unmarked, untouched, prepared, blocked, whole, notBlocked, changed }) => {
        assert.equal(unmarked.code, 10, unmarked.stderr);
        assert.match(unmarked.stderr, /may not be written to/);
        assert.ok(untouched, 'the unmarked disk was written to');
        assert.equal(prepared.code, 0, prepared.stderr);
        assert.deepEqual([blocked.ran.code, blocked.result], [0, 'blocked'], blocked.ran.stderr);
        assert.ok(whole, 'something was written through the blocker');
        judgeReport(blocked);
        assert.deepEqual([notBlocked.ran.code, notBlocked.result], [20, 'not-blocked'], notBlocked.ran.stderr);
        assert.ok(changed, 'the medium is as it was');
        judgeReport(notBlocked);
      },
    }),
  ),
];
