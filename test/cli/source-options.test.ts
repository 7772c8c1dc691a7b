import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { begin, offered, sentScene } from '../listen/acquire-support.ts';
import { newDesk } from '../support/exhibit.ts';
import { stoppedJob } from '../support/stopped.ts';
import { refusedHere, transcriptHere } from './transcript.ts';

/** How another machine is reached, and a disk of it read. */
const REACH = [
  ['--identity', '/no/such'],
  ['--host-key', 'nonsense'],
  ['--transport', 'telnet'],
] as const;
const OVER_SSH = [
  ...REACH,
  ['--connections', '4'],
  ['--compress', 'gzip'],
  ['--limit-rate', '10M'],
  ['--frozen', 'it sleeps'],
  ['--ciphertext', 'no key'],
] as const;
const SENT = [
  ['--expect-size', '16M'],
  ['--tls'],
  ['--allow', '127.0.0.1'],
  ['--allow-plaintext', 'a lab of our own'],
  ['--reached-by', '192.0.2.1'],
] as const;
const HERE = [['--reader', 'direct'], ['--vendor-query']] as const;
const SENT_AGAIN = [SENT[2], SENT[4]];

const forSsh = (option: string): RegExp => new RegExp(`${option} is for what is reached over SSH \\(ssh://…\\)`);
const forSent = (option: string): RegExp =>
  new RegExp(`${option} is for a disk that another machine sends \\(listen://…\\)`);
const forHere = (option: string): RegExp => new RegExp(`${option} is for a source of this station`);

describe('options that say how a source is reached, for a source that is not reached so: 2', () => {
  test('acquire of a source here', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('disk.img', 512);
    for (const given of OVER_SSH)
      await refusedHere(desk, desk.acquire(source, ...given, '--dry-run'), { exit: 2, says: [forSsh(given[0])] });
    for (const given of SENT)
      await refusedHere(desk, desk.acquire(source, ...given, '--dry-run'), { exit: 2, says: [forSent(given[0])] });
    const all = [...OVER_SSH, ...SENT];
    const says = [
      /13 faults/,
      ...OVER_SSH.map(([option]) => forSsh(option)),
      ...SENT.map(([option]) => forSent(option)),
    ];
    await refusedHere(desk, desk.acquire(source, ...all.flat()), { exit: 2, says });
  });

  test('acquire over SSH, and of a disk that is sent', async (t) => {
    const desk = newDesk(t);
    for (const given of SENT) {
      const argv = desk.acquire('SSH://root@127.0.0.1:1/dev/sda', '--authority', 'warrant', ...given);
      await refusedHere(desk, argv, { exit: 2, says: [forSent(given[0])] });
    }
    for (const given of OVER_SSH) {
      const argv = desk.acquire('listen://127.0.0.1:0', '--expect-size', '16M', '--authority', 'warrant', ...given);
      await refusedHere(desk, argv, { exit: 2, says: [forSsh(given[0])] });
    }
    const says = HERE.map(([option]) => forHere(option));
    for (const source of [['ssh://root@127.0.0.1:1/dev/sda'], ['listen://127.0.0.1:0', '--expect-size', '16M']])
      await refusedHere(desk, desk.acquire(source[0]!, ...source.slice(1), '--authority', 'warrant', ...HERE.flat()), {
        exit: 2,
        says: [/2 faults/, ...says],
      });
  });

  test('devices, devices show and doctor of this station', async () => {
    for (const argv of [
      ['devices'],
      ['devices', '--watch'],
      ['devices', 'show', '/dev/null', '--no-probe'],
      ['doctor'],
    ]) {
      for (const given of REACH) await transcriptHere([...argv, ...given], { exit: 2, says: [forSsh(given[0])] });
      const says = [/3 faults/, ...REACH.map(([option]) => forSsh(option))];
      await transcriptHere([...argv, ...REACH.flat()], { exit: 2, says });
    }
  });

  test('resume of a source here, whatever it is named now', async (t) => {
    const stopped = await stoppedJob(t);
    const { folder, source } = stopped;
    for (const given of [...REACH, ['--rebooted', 'power was lost']] as const)
      await transcriptHere(stopped.resume(...given, '--dry-run'), { exit: 2, says: [forSsh(given[0])] });
    for (const given of SENT_AGAIN)
      await transcriptHere(stopped.resume(...given, '--dry-run'), { exit: 2, says: [forSent(given[0])] });
    const says = [/2 faults/, forSsh('--rebooted'), forSent('--allow')];
    await transcriptHere(stopped.resume('--rebooted', 'x', '--allow', '127.0.0.1'), { exit: 2, says });
    for (const other of ['ssh://root@127.0.0.1:1/dev/sda', 'LISTEN://127.0.0.1:0'])
      await transcriptHere(['resume', folder, other], {
        exit: 2,
        says: [/the disk of this acquisition was on this station/, /Name the source as it was named first/],
        neverSays: [/plugged/],
      });
    const adopt = ['resume', source, source, '--adopt-map', 'm', '--case', 'C', '--evidence', 'E', '--examiner', 'A'];
    for (const given of [...REACH, ['--rebooted', 'power was lost']] as const)
      await transcriptHere([...adopt, ...given], { exit: 2, says: [forSsh(given[0])] });
    for (const given of SENT_AGAIN) await transcriptHere([...adopt, ...given], { exit: 2, says: [forSent(given[0])] });
  });

  test('resume of a disk that was sent', async (t) => {
    const { argv, resume, desk } = sentScene(t, 1024 * 1024);
    const job = begin(t, argv);
    await offered(job);
    job.stop();
    assert.equal((await job.ended).code, 130);
    const again = resume.filter((word) => word !== '--json');
    for (const given of [...REACH, ['--rebooted', 'power was lost']] as const)
      await transcriptHere([...again, ...given], { exit: 2, says: [forSsh(given[0])] });
    await transcriptHere([...again, '--adopt-map', desk.key], {
      exit: 2,
      says: [/--adopt-map is for a source of this station, or for what is reached over SSH/],
    });
    await transcriptHere(['resume', desk.evidence(), 'ssh://root@127.0.0.1:1/dev/sda'], {
      exit: 2,
      says: [/the disk of this acquisition was sent by another machine/, /Name where it is waited for/],
    });
  });
});
