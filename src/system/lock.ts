import type { Commands } from './run-command.ts';

/**
 * Takes the kernel's lock (flock) on a descriptor of ours, without waiting. The lock belongs to the open file, so it
 * lasts exactly as long as our process, even when that ends by SIGKILL. `flock(1)` takes it on an inherited copy of
 * the descriptor, because Node has no call for it.
 */
export async function tryLock(commands: Commands, fd: number): Promise<'held' | 'busy' | 'unsupported'> {
  const result = await commands.run(['flock', '--exclusive', '--nonblock', '--conflict-exit-code', '75', '3'], {
    inheritFds: [fd],
    timeoutMs: 10_000,
  });
  if (result.exit === 0) return 'held';
  return result.exit === 75 ? 'busy' : 'unsupported';
}
