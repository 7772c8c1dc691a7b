import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { listDevices } from '../../src/discover/devices.ts';
import { findSource } from '../../src/discover/source.ts';
import { known } from '../../src/model/device.ts';
import { errnoOf } from '../../src/model/errors.ts';
import { FileAgent } from '../../src/remote/file-agent.ts';
import { probeRemote } from '../../src/remote/probe.ts';
import { remoteMachine } from '../../src/remote/remote-ports.ts';
import type { RemoteShell } from '../../src/remote/shell.ts';
import { systemClock } from '../../src/system/clock.ts';
import { attachLoop, diskBytes, lacks, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { lacksSshd, startSshd, type SshdOptions } from '../support/sshd.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { connected } from './connected.ts';

const BY_SHELL = { rights: 'root', python: known(false) } as const;
/** What answers there: python3 where it is, else the shell. */
const PROGRAMS = ['python3', 'sh'] as const;

function facts(program: (typeof PROGRAMS)[number]) {
  return { ...BY_SHELL, python: known(program === 'python3') };
}

async function machine(t: TestContext, options?: SshdOptions, program?: (typeof PROGRAMS)[number]) {
  const shell = await connected(t, await startSshd(t, options));
  const found = await probeRemote(shell, systemClock);
  const made = remoteMachine(testPorts(), shell, program === undefined ? found : { ...found, ...facts(program) });
  atEnd(t, () => made.close());
  return { shell, ports: made.ports };
}

describe('the files of another machine', () => {
  for (const program of PROGRAMS) {
    filesByProgram(program);
  }
  test('one look is one moment: nothing is asked twice in it, and the next one sees what has changed', async (t) => {
    if (lacksSshd(t)) return;
    const shell = await connected(t, await startSshd(t));
    const agent = new FileAgent(shell, BY_SHELL, systemClock);
    const path = join(tempFolder(t), 'value');
    const bytes = Buffer.from('\0\nnot text \xff\n\n', 'latin1');
    const look = (): Promise<[Buffer, Buffer, string | undefined, Buffer]> =>
      agent.look(async () => {
        const first = await agent.ask('read', path);
        writeFileSync(path, 'later');
        const code = await agent.ask('stat', `${path}.absent`).then(() => undefined, errnoOf);
        return [first, await agent.ask('read', path), code, await agent.ask('read', path)];
      });
    // The second look, and the third, have their answers from the start.
    for (const content of [bytes, Buffer.from('second'), bytes]) {
      writeFileSync(path, content);
      assert.deepEqual(await look(), [content, content, 'ENOENT', content]);
    }
    assert.equal((await agent.ask('read', path)).toString(), 'later');
    await shell.close();
    await assert.rejects(look());
    await assert.rejects(look());
    agent.close();
  });

  test('a look whose answers do not come asks again, one by one', async (t) => {
    if (lacksSshd(t)) return;
    const shell = await connected(t, await startSshd(t));
    const clock = { ...systemClock, sleep: (ms: number, stop?: AbortSignal) => systemClock.sleep(ms / 50, stop) };
    const agent = new FileAgent(shell, BY_SHELL, clock);
    const [path, slow] = [join(tempFolder(t), 'value'), join(tempFolder(t), 'slow')];
    writeFileSync(path, 'first');
    writeFileSync(slow, '');
    const look = (): Promise<string> =>
      agent.look(async () => {
        await agent.ask('read', slow).catch(() => undefined);
        return (await agent.ask('read', path)).toString();
      });
    assert.equal(await look(), 'first');
    writeFileSync(path, 'second');
    sh('rm', slow);
    sh('mkfifo', slow);
    assert.equal(await look(), 'second');
    writeFileSync(slow, '');
    agent.close();
  });

  test('a look that could not begin is over: the next ones see what is there', async (t) => {
    if (lacksSshd(t)) return;
    const shell = await connected(t, await startSshd(t));
    const clock = { ...systemClock, sleep: (ms: number, stop?: AbortSignal) => systemClock.sleep(ms / 50, stop) };
    let full = false;
    const open: RemoteShell['open'] = (...order) =>
      full ? Promise.reject(new Error('no further channel')) : shell.open(...order);
    const agent = new FileAgent({ open, lost: shell.lost } as unknown as RemoteShell, BY_SHELL, clock);
    const [path, pipe] = [join(tempFolder(t), 'value'), join(tempFolder(t), 'pipe')];
    sh('mkfifo', pipe);
    const look = async (content: string): Promise<string> => {
      writeFileSync(path, content);
      return (await agent.look(() => agent.ask('read', path))).toString();
    };
    assert.equal(await look('first'), 'first');
    await assert.rejects(agent.ask('read', pipe), /no answer/);
    full = true;
    await assert.rejects(look('second'), /no further channel/);
    full = false;
    assert.equal(await look('third'), 'third');
    assert.equal(await look('fourth'), 'fourth');
    writeFileSync(pipe, '');
    agent.close();
  });

  test('one who is asked without a pause is not taken for one who hangs; one who hangs is left behind', async (t) => {
    if (lacksSshd(t)) return;
    const shell = await connected(t, await startSshd(t));
    // Twenty seconds of patience are four tenths.
    const clock = { ...systemClock, sleep: (ms: number, stop?: AbortSignal) => systemClock.sleep(ms / 50, stop) };
    const agent = new FileAgent(shell, BY_SHELL, clock);
    const until = performance.now() + 1000;
    let asked: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));
    const all: Promise<Buffer>[] = [asked];
    // One more is put before the one before it is answered: at every look at the watch one is open.
    while (performance.now() < until) {
      const next = agent.ask('read', '/proc/sys/kernel/hostname');
      all.push(next);
      await asked;
      asked = next;
    }
    await Promise.all(all);
    const pipe = join(tempFolder(t), 'pipe');
    sh('mkfifo', pipe);
    await assert.rejects(agent.ask('read', pipe), /EIO: no answer within 20 seconds/);
    assert.ok((await agent.ask('read', '/proc/sys/kernel/hostname')).length > 0);
    // Whoever hangs there goes on, and ends.
    writeFileSync(pipe, '');
    agent.close();
  });
});

/** What every program that answers there has to give. */
function filesByProgram(program: (typeof PROGRAMS)[number]): void {
  test(`are what they are there, by ${program}`, async (t) => {
    if (lacksSshd(t) || lacks(t, program)) return;
    const config = ['ForceCommand echo hello; sh -c "$SSH_ORIGINAL_COMMAND"'];
    const { ports } = await machine(t, { config }, program);
    const { files } = ports;
    const folder = tempFolder(t);
    const path = (name: string): string => join(folder, name);
    const bytes = Buffer.from('\0\n\nbytes \xff \n exhibit- 0\n', 'latin1');
    writeFileSync(path(`a 'b" $(c)`), bytes);
    writeFileSync(path('-n'), 'minus');
    symlinkSync('./-n', path('link'));
    symlinkSync('/nowhere', path('dangling'));
    assert.deepEqual(await files.readBytes(path(`a 'b" $(c)`)), bytes);
    assert.deepEqual((await files.readDir(folder)).sort(), readdirSync(folder).sort());
    assert.equal(await files.readLink(path('link')), readlinkSync(path('link')));
    assert.equal(await files.readLink(path('dangling')), '/nowhere');
    assert.equal(await files.realPath(path('link')), realpathSync(path('link')));
    assert.equal(await files.statOrNull(path('absent')), null);
    for (const place of [path('link'), folder, '/dev/null', '/dev/loop0', '/sys/block'].filter((each) => exists(each)))
      for (const [mine, theirs] of [
        [statSync(place), await files.stat(place)],
        [lstatSync(place), await files.lstat(place)],
      ] as const) {
        const { mode, dev, ino, rdev, size } = mine;
        assert.deepEqual({ mode, dev, ino, rdev, size }, pick(theirs), place);
        assert.equal(theirs.isDirectory(), mine.isDirectory());
        assert.equal(theirs.isBlockDevice(), mine.isBlockDevice());
      }
  });

  test(`an answer without an end is left, and asking goes on, by ${program}`, async (t) => {
    if (lacksSshd(t) || lacks(t, program)) return;
    const agent = new FileAgent(await connected(t, await startSshd(t)), facts(program), systemClock);
    await assert.rejects(
      agent.ask('read', '/dev/zero'),
      /EIO: it says more than any answer is long|EFBIG: File too large/,
    );
    assert.ok((await agent.ask('read', '/proc/sys/kernel/hostname')).length > 0);
    agent.close();
  });

  test(`give the errors that Node gives, and asking goes on, by ${program}`, async (t) => {
    if (lacksSshd(t) || lacks(t, program)) return;
    const { ports } = await machine(t, undefined, program);
    const { files } = ports;
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('loop', join(folder, 'loop'));
    const errno = async (work: Promise<unknown>): Promise<string | undefined> => work.then(() => undefined, errnoOf);
    assert.equal(await errno(files.readText(join(folder, 'absent'))), 'ENOENT');
    assert.equal(await errno(files.readText(folder)), 'EISDIR');
    assert.equal(await errno(files.readDir(join(folder, 'file'))), 'ENOTDIR');
    assert.equal(await errno(files.readDir(join(folder, 'absent'))), 'ENOENT');
    assert.equal(await errno(files.stat(join(folder, 'absent'))), 'ENOENT');
    assert.equal(await errno(files.realPath(join(folder, 'absent'))), 'ENOENT');
    assert.equal(await errno(files.readLink(join(folder, 'absent'))), 'ENOENT');
    assert.equal(await errno(files.open(join(folder, 'absent'), 'read')), 'ENOENT');
    assert.equal(await errno(files.stat(join(folder, 'loop'))), 'ELOOP');
    assert.equal(await errno(files.readText(join(folder, 'a\nb'))), 'EINVAL');
    assert.equal(await errno(files.open(join(folder, 'file'), 'read')), undefined);
    assert.throws(() => files.unlink(join(folder, 'file')), /bug/);
  });
}

describe('the disks of another machine', () => {
  test('are described as it would describe them itself', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const file = join(tempFolder(t), 'disk');
    writeFileSync(file, diskBytes(3 * 1024 * 1024));
    const node = attachLoop(t, file);
    const { ports } = await machine(t);
    const [theirs, ours] = [await listDevices(ports), await listDevices(testPorts())];
    const named = (devices: typeof ours) => devices.find(({ path }) => path === node);
    assert.notEqual(named(ours), undefined);
    assert.deepEqual(named(theirs), named(ours));
    const source = await findSource(ports, node);
    assert.deepEqual(source, await findSource(testPorts(), node));
    await assert.rejects(findSource(ports, '/dev/no-such-disk'), { code: 'source.missing' });
  });

  test('hold none of this station when the machine has other ones', async (t) => {
    if (lacksSshd(t) || lacks(t, 'unshare')) return;
    // Over there /sys is empty, and there is no lsblk.
    const hidden = 'mount -t tmpfs none /sys; mount --bind /dev/null /usr/bin/lsblk';
    const config = [`ForceCommand unshare -m sh -c '${hidden}; eval "$SSH_ORIGINAL_COMMAND"'`];
    const { ports } = await machine(t, { config });
    await assert.rejects(listDevices(ports), { code: 'discover.failed' });
  });
});

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function pick({
  mode,
  dev,
  ino,
  rdev,
  size,
}: Pick<ReturnType<typeof statSync> & object, 'mode' | 'dev' | 'ino' | 'rdev' | 'size'>) {
  return { mode, dev, ino, rdev, size };
}
