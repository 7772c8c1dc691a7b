import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempFolder } from './temp.ts';

/** Files and folders that stand elsewhere for whoever is inside: where → what. */
export type Mounts = Readonly<Record<string, string>>;

/**
 * What to put before a command so that it, and all that it starts, finds other files in some places: a mount namespace
 * of its own, which ends with it. Nobody else sees any of it.
 */
export function realm(mounts: Mounts): string[] {
  const pairs = Object.entries(mounts).flatMap(([where, what]) => [what, where]);
  const enter = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 99; shift 2; done; shift; exec "$@"';
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', enter, 'sh', ...pairs, '--'];
}

/** A user who is only known inside a realm. */
export interface RealmUser {
  readonly name: string;
  readonly uid: number;
  readonly shell?: string;
}

/** Users with homes and, if wanted, leave to become root: for {@link realm}. */
export function usersOf(
  t: TestContext,
  users: readonly RealmUser[],
  sudoers: string | null = null,
): { readonly mounts: Mounts; home(name: string): string } {
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  const home = (name: string): string => join(folder, 'home', name);
  for (const { name, uid } of users) {
    mkdirSync(join(home(name), '.ssh'), { recursive: true, mode: 0o755 });
    for (const path of [home(name), join(home(name), '.ssh')]) chownSync(path, uid, uid);
  }
  const file = (name: string, text: string, mode: number): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
    return path;
  };
  const lines = users.map(({ name, uid, shell = '/bin/sh' }) => `${name}:x:${uid}:${uid}::${home(name)}:${shell}\n`);
  // A `*` lets nobody in by a password, and yet the account is not locked.
  const shadow = users.map(({ name }) => `${name}:*:19000:0:99999:7:::\n`).join('');
  const groups = users.map(({ name, uid }) => `${name}:x:${uid}:\n`).join('');
  const own = (name: string): string => readFileSync(`/etc/${name}`, 'utf8');
  return {
    home,
    mounts: {
      '/etc/passwd': file('passwd', own('passwd') + lines.join(''), 0o644),
      '/etc/shadow': file('shadow', own('shadow') + shadow, 0o600),
      '/etc/group': file('group', own('group') + groups, 0o644),
      ...(sudoers === null ? {} : { '/etc/sudoers': file('sudoers', `${sudoers}\n`, 0o440) }),
    },
  };
}
