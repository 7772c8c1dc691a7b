/** What a run that has ended may have left behind, by the name of its folder: others run beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import { childrenOf, until, type Child } from '../support/children.ts';

/** Somebody who lists devices may keep a loop device for so long; milliseconds. */
const LET_GO_MS = 30_000;

/** Waits until no process, no mount and no loop device has to do with a folder. */
export async function nothingUses(folder: string): Promise<void> {
  await until(() => naming(folder).length === 0, `no process names ${folder}`);
  await until(() => mountsIn(folder).length === 0, `nothing is mounted in ${folder}`);
  await until(() => loopsIn(folder).length === 0, `no loop device shows a file of ${folder}`, LET_GO_MS);
}

/** Live processes whose command line names it. */
export function naming(folder: string): Child[] {
  return childrenOf().filter(({ command }) => command.includes(`${folder}/`));
}

/** Folders below it on which something is mounted. */
export function mountsIn(folder: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(`${folder}/`));
}

/** Names of loop devices whose file lies there. */
export function loopsIn(folder: string): string[] {
  return readdirSync('/sys/block').filter((name) => {
    try {
      return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').startsWith(`${folder}/`);
    } catch {
      // No loop device, or one that shows nothing.
      return false;
    }
  });
}
