import assert from 'node:assert/strict';
import { closeSync, copyFileSync, linkSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test, { after, before, describe, type TestContext } from 'node:test';
import { systemFiles } from '../../src/system/files.ts';
import { requireOutside } from '../../src/verify/outside-signers.ts';
import { lacks, mount } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';
import { makeBench, troubles, verify, type Bench } from './verify-support.ts';

/** A folder whose every list would be accepted, and a place beside it. */
interface Scene {
  readonly bench: Bench;
  readonly folder: string;
  readonly own: string;
  readonly outside: string;
}

/** What an examiner may type who has nothing but what came with the folder; each gives the file for `--signers`. */
const INSIDE: Record<string, (scene: Scene, t: TestContext) => [string, RegExp] | null> = {
  "the folder's own": ({ own }) => [own, /lies in the evidence folder/],
  'a copy of it in custody/': ({ folder, own }) => {
    mkdirSync(join(folder, 'custody'));
    const copy = join(folder, 'custody', 'lab_signers');
    copyFileSync(own, copy);
    return [copy, /lies in the evidence folder/];
  },
  'one far below': ({ folder, own }) => {
    const deep = join(folder, 'custody', 'a', 'b');
    mkdirSync(deep, { recursive: true });
    copyFileSync(own, join(deep, 'x'));
    return [join(deep, 'x'), /lies in the evidence folder/];
  },
  'a symbolic link to it': ({ own, outside }) => {
    symlinkSync(own, join(outside, 'link'));
    return [join(outside, 'link'), /lies in the evidence folder/];
  },
  'through a relative link to the folder': ({ folder, outside }) => {
    symlinkSync(relative(outside, folder), join(outside, 'dir'));
    return [join(outside, 'dir', 'allowed_signers'), /lies in the evidence folder/];
  },
  'a link in the folder that leads out of it': ({ folder, own, outside }) => {
    copyFileSync(own, join(outside, 'planted'));
    symlinkSync(join(outside, 'planted'), join(folder, 'lab_signers'));
    return [join(folder, 'lab_signers'), /a link of the evidence folder, .*lab_signers/];
  },
  'a folder linked in the folder': ({ folder, own, outside }) => {
    copyFileSync(own, join(outside, 'planted'));
    mkdirSync(join(folder, 'custody'));
    symlinkSync(outside, join(folder, 'custody', 'mine'));
    return [join(folder, 'custody', 'mine', 'planted'), /a link of the evidence folder, .*mine/];
  },
  'a hard link to it': ({ own, outside }) => {
    linkSync(own, join(outside, 'hard'));
    return [join(outside, 'hard'), /it is .*allowed_signers under another name/];
  },
  'a hard link to a file of custody/': ({ folder, own, outside }) => {
    mkdirSync(join(folder, 'custody'));
    copyFileSync(own, join(folder, 'custody', 's'));
    linkSync(join(folder, 'custody', 's'), join(outside, 'hard'));
    return [join(outside, 'hard'), /it is .*custody\/s under another name/];
  },
  'the folder mounted at a second place': ({ folder, outside }, t) => {
    if (lacks(t, 'mount')) return null;
    return [join(mount(t, join(outside, 'mnt'), '--bind', folder), 'allowed_signers'), /lies in the evidence folder/];
  },
  'custody/ mounted at a second place': ({ folder, own, outside }, t) => {
    if (lacks(t, 'mount')) return null;
    mkdirSync(join(folder, 'custody'));
    copyFileSync(own, join(folder, 'custody', 's'));
    const place = mount(t, join(outside, 'mnt'), '--bind', join(folder, 'custody'));
    return [join(place, 's'), /custody\/s under another name/];
  },
};

describe('a signers file that came with the evidence', () => {
  let bench: Bench;
  let whole: string;
  before(() => {
    bench = makeBench();
    whole = bench.make();
  });
  after(() => {
    bench.remove();
  });
  const scene = (t: TestContext, from = whole): Scene => {
    const folder = bench.copy(from);
    return { bench, folder, own: join(folder, 'allowed_signers'), outside: tempFolder(t) };
  };

  for (const [what, make] of Object.entries(INSIDE)) {
    test(`${what}: refused, with the reason and a way out`, async (t) => {
      const here = scene(t);
      const made = make(here, t);
      if (made === null) return;
      const [signersFile, why] = made;
      await assert.rejects(verify(here.folder, { signersFile }), (error: unknown) => {
        const { fault, code, message, hint } = error as Record<string, string>;
        assert.deepEqual([fault, code], ['usage', 'verify.signers']);
        assert.match(message ?? '', why);
        assert.match(hint ?? '', /that you keep yourself/);
        return true;
      });
    });
  }

  test('of an unsigned folder too', async (t) => {
    const here = scene(t, bench.make({ key: null }));
    copyFileSync(bench.signers, join(here.folder, 'mine'));
    await assert.rejects(verify(here.folder, { signersFile: join(here.folder, 'mine') }), { code: 'verify.signers' });
  });

  test('one that may be a file of a part that is closed to us: refused, a copy is taken', async (t) => {
    const { folder, outside } = scene(t);
    const mine = join(outside, 'mine');
    copyFileSync(bench.signers, mine);
    const closed = {
      ...systemFiles,
      readDir: () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })),
    };
    await requireOutside(closed, folder, mine);
    linkSync(mine, join(outside, 'second'));
    await assert.rejects(
      requireOutside(closed, folder, mine),
      /second name.*can't be looked into \(EACCES\); use a copy/,
    );
  });

  for (const [what, make] of Object.entries({
    'beside the folder': ({ folder, bench: { signers } }) => {
      copyFileSync(signers, join(dirname(folder), 'mine'));
      return join(dirname(folder), 'mine');
    },
    'whose folder only begins with the same letters': ({ folder, bench: { signers } }) => {
      mkdirSync(`${folder}-2`);
      copyFileSync(signers, join(`${folder}-2`, 'mine'));
      return join(`${folder}-2`, 'mine');
    },
    'written by way of the folder': ({ folder, bench: { signers } }) =>
      join(folder, '..', relative(dirname(folder), signers)),
    'relative to where we stand': ({ bench: { signers } }) => relative(process.cwd(), signers),
    'to which the folder has a link': ({ folder, bench: { signers } }) => {
      symlinkSync(signers, join(folder, 'link'));
      return signers;
    },
    'with a second name elsewhere': ({ outside, bench: { signers } }) => {
      copyFileSync(signers, join(outside, 'mine'));
      linkSync(join(outside, 'mine'), join(outside, 'too'));
      return join(outside, 'mine');
    },
  } satisfies Record<string, (scene: Scene) => string>)) {
    test(`one's own is taken: ${what}`, async (t) => {
      const here = scene(t);
      const report = await verify(here.folder, { signersFile: make(here) });
      assert.equal(report.exit, 0, troubles(report));
    });
  }

  test('by its descriptor: the file behind it counts', async (t) => {
    const { folder, own } = scene(t);
    const fd = openSync(own, 'r');
    t.after(() => {
      closeSync(fd);
    });
    await assert.rejects(requireOutside(systemFiles, folder, `/proc/self/fd/${fd}`), /lies in the evidence folder/);
    const mine = openSync(bench.signers, 'r');
    t.after(() => {
      closeSync(mine);
    });
    await requireOutside(systemFiles, folder, `/proc/self/fd/${mine}`);
  });

  test('links in circles end', async (t) => {
    const { folder, outside } = scene(t);
    symlinkSync('b', join(outside, 'a'));
    symlinkSync('a', join(outside, 'b'));
    await assert.rejects(requireOutside(systemFiles, folder, join(outside, 'a')), /circles/);
  });
});
