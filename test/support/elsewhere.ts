import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { sh } from './loop.ts';
import { atEnd } from './temp.ts';

/** Another machine, as far as the network can tell: a namespace at the other end of a cable. */
export interface Elsewhere {
  /** Our address on the cable. */
  readonly ours: string;
  readonly theirs: string;
  /** Put before a command's words, runs it on that machine. */
  readonly there: readonly string[];
  /** Pulls the cable; nobody is told. */
  pull(): void;
  /** Puts it back. */
  plug(): void;
}

/** Null, and the test skipped aloud, where there are no network namespaces. */
export function elsewhere(t: TestContext): Elsewhere | null {
  const name = `exh${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) {
    t.skip('needs network namespaces');
    return null;
  }
  atEnd(t, () => sh('ip', 'netns', 'delete', name));
  // Of TEST-NET-2 (RFC 5737): nobody's.
  const [ours, theirs] = ['198.51.100.1', '198.51.100.2'];
  sh('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'cable', 'netns', name);
  atEnd(t, () => spawnSync('ip', ['link', 'delete', name]));
  sh('ip', 'address', 'add', `${ours}/30`, 'dev', name);
  sh('ip', '-n', name, 'address', 'add', `${theirs}/30`, 'dev', 'cable');
  sh('ip', 'link', 'set', name, 'up');
  const cable = (state: 'up' | 'down'): void => void sh('ip', '-n', name, 'link', 'set', 'cable', state);
  cable('up');
  return {
    ours,
    theirs,
    there: ['ip', 'netns', 'exec', name],
    pull: () => {
      cable('down');
    },
    plug: () => {
      cable('up');
    },
  };
}
