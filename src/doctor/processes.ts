import { at } from '../discover/root.ts';
import { errnoOf, messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';

/** The programs that run on this station, as far as they can be seen. */
export interface ProcessesSeen {
  /** Name, as the kernel cuts it (15 bytes of `comm`) → process ids. */
  readonly running: ReadonlyMap<string, readonly number[]>;
  /** Why others may run that are not seen; null: all are. */
  readonly blind: string | null;
}

/** The first PID namespace has this number (the kernel's include/linux/proc_ns.h); any other is a container's. */
const FIRST_NAMESPACE = 'pid:[4026531836]';

/** Looks at /proc only. Never throws. */
export async function observeProcesses(ports: Ports): Promise<ProcessesSeen> {
  const running = new Map<string, number[]>();
  let ids: number[];
  try {
    const names = await ports.files.readDir(at(ports, '/proc'));
    ids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  } catch (error) {
    return { running, blind: `/proc can't be read: ${messageOf(error)}` };
  }
  const comms = await Promise.all(ids.map((id) => commOf(ports, id)));
  for (const [index, name] of comms.entries()) {
    if (name === null || name === undefined) continue;
    running.set(name, [...(running.get(name) ?? []), ids[index] ?? 0]);
  }
  const unread = comms.filter((name) => name === undefined).length;
  if (unread > 0) return { running, blind: `the names of ${unread} processes can't be read` };
  return { running, blind: ids.includes(1) ? await container(ports) : 'the processes of others are not shown (/proc)' };
}

/** Null: it has ended meanwhile. Undefined: its name can't be read. */
async function commOf(ports: Ports, id: number): Promise<string | null | undefined> {
  try {
    return (await ports.files.readText(at(ports, `/proc/${id}/comm`), 4096)).replace(/\n$/, '');
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '') ? null : undefined;
  }
}

/** The agents of the computer that a container runs on act on its disks, and are not seen from inside. */
async function container(ports: Ports): Promise<string | null> {
  try {
    const namespace = await ports.files.readLink(at(ports, '/proc/self/ns/pid'));
    return namespace === FIRST_NAMESPACE
      ? null
      : "exhibit runs in a container, where the computer's own programs are not seen";
  } catch (error) {
    return `not known whether exhibit runs in a container: ${messageOf(error)}`;
  }
}
