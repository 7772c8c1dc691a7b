import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { systemCommands } from '../../src/system/run-command.ts';
import { exhibit, journalOf, manifestOf, newDesk, Running, MAIN } from '../support/exhibit.ts';
import { attachLoop, attachPartitioned, diskBytes, lacks, mount, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { atEnd } from '../support/temp.ts';
import { refused, refusedHere, transcript, transcriptHere } from './transcript.ts';

describe('a source that is none', { concurrency: 2 }, () => {
  test('missing, a link to nowhere, below a file', async (t) => {
    const desk = newDesk(t);
    const file = desk.file('d.img', 512);
    symlinkSync('/nowhere/at-all', join(desk.folder, 'dangling'));
    for (const name of ['none', 'dangling', 'd.img/x']) {
      await refusedHere(desk, desk.acquire(join(desk.folder, name)), {
        exit: 11,
        says: [/There is no source at/, /devices/],
      });
    }
    assert.ok(existsSync(file));
  });

  test('zero bytes', async (t) => {
    const desk = newDesk(t);
    await refused(desk, desk.acquire(desk.file('empty', 0)), { exit: 11, says: [/empty holds no bytes/] });
  });

  test('a folder, a pipe, a character device', async (t) => {
    const desk = newDesk(t);
    const pipe = join(desk.folder, 'pipe');
    sh('mkfifo', pipe);
    for (const [source, what] of [
      [desk.folder, /is a folder/],
      [pipe, /is a named pipe/],
      ['/dev/null', /is a character device/],
    ] as const) {
      await refusedHere(desk, desk.acquire(source), { exit: 2, says: [what] });
    }
  });

  test('a name with terminal escapes is shown, not obeyed', async (t) => {
    const desk = newDesk(t);
    await refusedHere(desk, desk.acquire('/nowhere/\u001b[2J\nred'), { exit: 11, says: [/\\u\{1b\}\[2J\\u\{a\}red/] });
  });

  test('not readable for this user: the hint speaks of sudo', async (t) => {
    if (lacks(t, 'setpriv')) return;
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    if (spawnSync('setpriv', [...nobody, 'test', '-r', MAIN]).status !== 0) {
      t.skip('another user may not read this checkout');
      return;
    }
    const desk = newDesk(t);
    const file = desk.file('secret.img', 4096);
    for (const [path, mode] of [
      [desk.folder, 0o755],
      [desk.to, 0o777],
      [file, 0o600],
    ] as const)
      chmodSync(path, mode);
    const argv = [...nobody, process.execPath, MAIN, ...desk.acquire(file, '--unsigned')];
    const ended = await new Running('setpriv', argv).ended;
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /secret\.img can't be (opened|read)[^\n]*\n.*sudo/s);
    assert.ok(!existsSync(join(desk.to, 'C-1')));
  });

  test('a loop device whose size is no multiple of its sector', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const node = attachLoop(t, desk.file('odd.img', 10 * 4096 + 512), { sector: 4096 });
    await refusedHere(desk, desk.acquire(node), {
      exit: 11,
      says: [/41,472 bytes.* not a multiple of its sector of 4096/],
    });
  });
});

describe('a source that must not be read as it is', { concurrency: 2 }, () => {
  test('a writable loop device; each way out is offered', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const node = attachLoop(t, desk.file('d.img', 65_536), { writable: true });
    await refusedHere(desk, desk.acquire(node), {
      exit: 10,
      says: [/read-only flag of \/dev\/loop\d+: writable/, /--software-block.*--allow-unblocked REASON/],
    });
  });

  test('--allow-unblocked: the reason is in the manifest and in the report', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const node = attachLoop(t, desk.file('d.img', 65_536), { writable: true });
    await transcriptHere(desk.acquire(node, '--allow-unblocked', 'blocker broke; case officer agreed'), {
      exit: 0,
      says: [/warning: .*read-only flag of .*: writable/],
      prints: [/ACQUIRED/],
    });
    const manifest = manifestOf(desk.evidence());
    assert.deepEqual(manifest.acquisition.overrides, [
      { option: 'allow-unblocked', reason: 'blocker broke; case officer agreed' },
    ]);
    assert.equal(manifest.guard.verdict, 'not-applicable');
    const report = sh('cat', join(desk.evidence(), 'HDD-01.txt'));
    assert.match(report, /blocker broke; case officer agreed/);
  });

  test('--software-block sets and confirms the flag on disk and partition, and it stays', async (t) => {
    if (lacks(t, 'losetup', 'sfdisk', 'partx', 'blockdev')) return;
    const desk = newDesk(t);
    const file = join(desk.folder, 'disk.img');
    writeFileSync(file, diskBytes(4 * 1_048_576));
    spawnSync('sfdisk', ['--quiet', file], { input: 'label: dos\nstart=2048\n' });
    const disk = attachLoop(t, file, { writable: true });
    // The flag outlives `losetup --detach`: the next user of this node would find it read-only.
    atEnd(t, () => sh('blockdev', '--setrw', disk));
    sh('partx', '--add', disk);
    atEnd(t, () => spawnSync('partx', ['--delete', disk]));
    await transcriptHere(desk.acquire(disk, '--software-block', '--no-read-back'), {
      exit: 0,
      prints: [/NOT read back/],
    });
    assert.equal(sh('blockdev', '--getro', disk), '1');
    assert.equal(sh('blockdev', '--getro', `${disk}p1`), '1');
    const { guard, acquisition } = manifestOf(desk.evidence());
    assert.equal(guard.verdict, 'not-applicable');
    assert.deepEqual(guard.set_read_only, [disk, `${disk}p1`]);
    assert.deepEqual(acquisition.overrides, [{ option: 'software-block', reason: null }]);
  });

  test('mounted, itself or one of its partitions', async (t) => {
    if (lacks(t, 'losetup', 'mkfs.ext4', 'sfdisk', 'partx')) return;
    const desk = newDesk(t);
    const whole = desk.file('fs.img', 4 * 1_048_576);
    sh('mkfs.ext4', '-q', '-O', '^has_journal', whole);
    const node = attachLoop(t, whole);
    mount(t, join(desk.folder, 'mnt'), '-o', 'ro', node);
    await refusedHere(desk, desk.acquire(node), {
      exit: 10,
      says: [/is in use: .* is mounted at .*\/mnt/, /Unmount it/],
    });

    const inner = desk.file('inner.img', 4 * 1_048_576);
    sh('mkfs.ext4', '-q', '-O', '^has_journal', inner);
    const bytes = Buffer.concat([
      Buffer.alloc(1_048_576),
      Buffer.from(spawnSync('cat', [inner], { maxBuffer: 1e8 }).stdout),
    ]);
    const { disk, partition } = attachPartitioned(t, join(desk.folder, 'disk.img'), bytes, 1_048_576);
    mount(t, join(desk.folder, 'part'), '-o', 'ro', partition);
    await refusedHere(desk, desk.acquire(disk), { exit: 10, says: [/p1 is mounted at .*\/part/] });
  });
});

describe('what the label says', { concurrency: 2 }, () => {
  test('a mismatch is refused, with both values', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const node = attachLoop(t, desk.file('d.img', 65_536));
    await refusedHere(desk, desk.acquire(node, '--label-size', '500GB', '--label-serial', 'WX-1'), {
      exit: 10,
      says: [
        /The label does not match .*: size is 500,000,000,000 bytes on the label, 65,536 bytes by the device/,
        /--label-mismatch REASON/,
        /label's serial was not compared/,
      ],
    });
  });

  test('with a reason it is accepted, and both stand in the manifest', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const node = attachLoop(t, desk.file('d.img', 65_536));
    const label = ['--label-size', '500GB', '--label-model', 'WD Blue', '--label-mismatch', 'drive was shrunk by HPA'];
    await transcriptHere(desk.acquire(node, ...label, '--no-read-back'), {
      exit: 0,
      says: [/warning: The label does not match.*Accepted: drive was shrunk by HPA/],
      prints: [/ACQUIRED/],
    });
    const { label: told, acquisition } = manifestOf(desk.evidence());
    assert.deepEqual(told.comparisons, [
      { field: 'model', label: 'WD Blue', device: null, by: null, result: 'not-compared' },
      { field: 'size', label: '500000000000', device: '65536', by: 'host', result: 'mismatch' },
    ]);
    assert.deepEqual(acquisition.overrides, [{ option: 'label-mismatch', reason: 'drive was shrunk by HPA' }]);
  });
});

describe('the reader', { concurrency: 2 }, () => {
  /** A PATH with everything that exhibit needs but dd. */
  function pathWithout(folder: string): string {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const name of ['setpriv', 'ssh-keygen', 'flock', 'lsblk', 'blockdev', 'fincore', 'getent'])
      for (const at of ['/usr/bin', '/bin', '/usr/sbin', '/sbin'])
        if (existsSync(join(at, name)) && !existsSync(join(bin, name))) symlinkSync(join(at, name), join(bin, name));
    return bin;
  }

  test('no dd: which reader needs none', async (t) => {
    if (['/usr/sbin/dd', '/sbin/dd', '/usr/local/sbin/dd'].some((path) => existsSync(path))) {
      t.skip('dd lies in a folder that exhibit always looks into');
      return;
    }
    const desk = newDesk(t);
    const env = { PATH: pathWithout(desk.folder) };
    const source = desk.file('d.img', 65_536);
    await refused(desk, desk.acquire(source), { env, exit: 1, says: [/dd is not installed/, /--reader direct/] });
    await transcript(desk.acquire(source, '--reader', 'direct'), { env, exit: 0, prints: [/ACQUIRED/] });
  });

  test("a dd that is not GNU's is refused, whatever it calls itself", async (t) => {
    const desk = newDesk(t);
    const bin = pathWithout(desk.folder);
    const source = desk.file('d.img', 65_536);
    for (const words of ['BusyBox v1.35.0 multi-call binary.', 'dd (uutils coreutils) 0.0.27']) {
      writeFileSync(join(bin, 'dd'), `#!/bin/sh\necho '${words}'\n`, { mode: 0o755 });
      const says = [/this dd is not GNU's/, /--reader direct/];
      await refusedHere(desk, desk.acquire(source), { exit: 1, says }, testPorts({ commands: systemCommands(bin) }));
    }
  });

  test('a dd that ends early with status 0 is no end of the source', async (t) => {
    const desk = newDesk(t);
    const bin = pathWithout(desk.folder);
    const dd = spawnSync('sh', ['-c', 'command -v dd'], { encoding: 'utf8' }).stdout.trim();
    const lies = `case "$*" in *version*|*nocache*) exec ${dd} "$@" ;; *) exec head -c 40000 ;; esac`;
    writeFileSync(join(bin, 'dd'), `#!/bin/sh\nPATH=/usr/bin:/bin\n${lies}\n`, { mode: 0o755 });
    const source = desk.file('d.img', 65_536);
    const ended = await exhibit(desk.acquire(source), { env: { PATH: bin } });
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /ended at byte 40000; 65536 bytes were promised/);
    assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.manifest.json')));
    assert.deepEqual(journalOf(desk.evidence()).at(-1)?.data['code'], 'source.ended-early');
  });
});
