/** What a run that has ended may have left behind, by the name of its folder: others run beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import { childrenOf, until, type Child } from '../support/children.ts';

/** Somebody who lists devices may keep a loop device for so long; milliseconds. */
const LET_GO_MS = 30_000;
/** What the kernel calls nbdfuse's file once its mount is gone. */
const WITHOUT_MOUNT = '/nbd';

/**
 * Waits until no process and no mount has to do with a folder.
 * @param loops that were found in it before, which show nothing of it either
 */
export async function nothingUses(folder: string, loops: readonly string[] = []): Promise<void> {
  await until(() => naming(folder).length === 0, `no process names ${folder}`);
  await until(() => mountsIn(folder).length === 0, `nothing is mounted in ${folder}`);
  const shows = (loop: string): boolean => {
    const file = shownBy(loop);
    return file !== null && (file.startsWith(`${folder}/`) || file === WITHOUT_MOUNT);
  };
  await until(() => !loops.some(shows), `${loops.join(', ')} shows no file of ${folder}`, LET_GO_MS);
}

/** Live processes whose command line names it. */
export function naming(folder: string): Child[] {
  return childrenOf().filter(({ command }) => command.includes(folder));
}

/** Ends whoever works there yet: a test that fails should not wait for them. */
export function endAllIn(folder: string): void {
  for (const { pid } of naming(folder)) process.kill(pid, 'SIGKILL');
}

/** Folders below it on which something is mounted. */
export function mountsIn(folder: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(`${folder}/`));
}

/** Names of loop devices whose file lies there. */
export function loopsIn(folder: string): string[] {
  return readdirSync('/sys/block').filter((name) => shownBy(name)?.startsWith(`${folder}/`) === true);
}

/** The file of a loop device; null: it is none, or shows nothing. */
function shownBy(name: string): string | null {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trimEnd();
  } catch {
    return null;
  }
}
