import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import type { Files, OpenFile } from '../../src/system/files.ts';
import { systemFiles } from '../../src/system/files.ts';
import type { Ports } from '../../src/system/ports.ts';
import type { VerifyReport } from '../../src/verify/report.ts';
import { verifyFolder } from '../../src/verify/verify-folder.ts';
import { signPorts } from '../manifest/sign-support.ts';
import { SIZE } from '../support/evidence-folder.ts';
import { makeBench, ranges, troubles, type Bench } from './verify-support.ts';

/** The station's files, but opening `ending` fails with `errno`. */
function closedFiles(ending: string, errno: string): Files {
  return {
    ...systemFiles,
    open: async (path, mode) => {
      if (path.endsWith(ending)) throw fault(errno);
      return systemFiles.open(path, mode);
    },
  };
}

/** The station's files, but `ending` lies on a medium with a bad place: reads that touch byte `at` fail. */
function badMedium(ending: string, at: number): Files {
  return {
    ...systemFiles,
    open: async (path, mode) => {
      const file = await systemFiles.open(path, mode);
      return path.endsWith(ending) ? badFile(file, at) : file;
    },
  };
}

function badFile(file: OpenFile, at: number): OpenFile {
  const check = (position: number, length: number): void => {
    if (position <= at && at < position + length) throw fault('EIO');
  };
  return {
    fd: file.fd,
    path: file.path,
    read: async (buffer, offset, length, position) => {
      check(position, length);
      return file.read(buffer, offset, length, position);
    },
    readSome: async (buffer, offset, length, position) => {
      check(position, length);
      return file.readSome(buffer, offset, length, position);
    },
    write: () => Promise.reject(fault('EROFS')),
    stat: () => file.stat(),
    datasync: () => file.datasync(),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

function fault(errno: string): Error {
  return Object.assign(new Error(`${errno}: made by the test`), { code: errno });
}

describe('a station or a medium that fails', () => {
  let bench: Bench;
  let whole: string;
  before(() => {
    bench = makeBench();
    whole = bench.make({ format: 'split' });
  });
  after(() => {
    bench.remove();
  });

  const check = (change: Partial<Ports>): Promise<VerifyReport> =>
    verifyFolder(signPorts({}, change), {
      target: whole,
      signersFile: bench.signers,
      seal: null,
      range: null,
      sample: null,
      stop: new AbortController().signal,
    });

  test('a file that we may not read is not checked, and not damaged', async () => {
    for (const name of [
      'ITEM-7.002',
      'ITEM-7.txt',
      'ITEM-7.map',
      'SHA256SUMS.sig',
      'ITEM-7.manifest.json',
      'SHA256SUMS',
    ]) {
      const report = await check({ files: closedFiles(`/${name}`, 'EACCES') });
      assert.equal(report.exit, 4, `${name}: ${troubles(report)}`);
      assert.match(troubles(report), new RegExp(`${name.replaceAll('.', '\\.')} can't be read: EACCES`));
      assert.deepEqual(ranges(report), []);
    }
  });

  test('a read error of the medium is damage, with its range in the image', async () => {
    const report = await check({ files: badMedium('/ITEM-7.003', 50_000) });
    assert.equal(report.exit, 13, troubles(report));
    assert.deepEqual(ranges(report), [`unreadable 204800-${SIZE}`]);
    assert.match(troubles(report), /EIO/);
    const sidecar = await check({ files: badMedium('/ITEM-7.txt', 0) });
    assert.equal(sidecar.exit, 13, troubles(sidecar));
    assert.match(troubles(sidecar), /damaged files: ITEM-7\.txt can't be read: EIO/);
  });

  test('without ssh-keygen the signatures are not checked', async () => {
    const { commands } = signPorts({});
    const report = await check({ commands: { ...commands, which: () => null } });
    assert.equal(report.exit, 4, troubles(report));
    assert.match(troubles(report), /not-checked sums-signature: .*ssh-keygen is not installed/);
  });
});
