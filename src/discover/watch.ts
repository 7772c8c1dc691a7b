import type { Device } from '../model/device.ts';
import { ExhibitError, messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { attributeText } from './attribute.ts';
import { sysBlockNames } from './block.ts';
import { listDevices } from './devices.ts';
import { at } from './root.ts';

/** What happened to the disks of a station. */
export type DeviceEvent =
  /** All that were there when the watch began. */
  | { readonly type: 'present'; readonly devices: readonly Device[] }
  | { readonly type: 'added' | 'removed'; readonly device: Device }
  | { readonly type: 'changed'; readonly device: Device; readonly was: Device }
  /** Nothing happened for a while: for readers that want to know that somebody still looks. */
  | { readonly type: 'quiet' }
  /** Looking failed; what was seen last is kept until it succeeds again. Told once. */
  | { readonly type: 'blind'; readonly why: string };

export interface Watch {
  readonly tell: (event: DeviceEvent) => void;
  /** Asked once a round. */
  readonly ended: () => boolean;
  /** Ends a pause between two rounds. */
  readonly stop: AbortSignal;
}

const PERIOD_MS = 1000;

/** So many rounds without anything to tell, and that is told. */
const QUIET_ROUNDS = 10;

/** So many rounds udev is given to look at a new disk, before it is told with what is known. */
const PATIENCE = 5;

/** Devices of one moment, by kernel name. The same key means: the same appearance of a disk, and the same medium in it. */
interface Survey {
  readonly glance: Glance;
  readonly devices: ReadonlyMap<string, { readonly key: string; readonly device: Device }>;
}

/** What a quick look shows: enough to know that a thorough one is due. */
interface Glance {
  readonly keys: ReadonlyMap<string, string>;
  /** Sizes, flags, names, mounts and swap: everything that changes what a list of devices would say. */
  readonly rest: string;
  /** Disks that udev has not got to yet. */
  readonly raw: ReadonlySet<string>;
}

/**
 * Tells what comes, goes and changes, until it is ended. Passive: sysfs is looked at once a second. A disk exchanged
 * between two looks is noticed by the kernel's counters (`diskseq`, the folder's inode); one that came and went between
 * two looks leaves nothing that could be seen.
 * @throws ExhibitError `discover.failed` when the first look fails
 */
export async function watchDevices(ports: Ports, { tell, ended, stop }: Watch): Promise<void> {
  let last = await survey(ports, await glance(ports));
  tell({ type: 'present', devices: [...last.devices.values()].map(({ device }) => device) });
  let waited = 0;
  let quiet = 0;
  let blind = false;
  while (!ended()) {
    await ports.clock.sleep(PERIOD_MS, stop);
    if (ended()) return;
    quiet += 1;
    if (quiet % QUIET_ROUNDS === 0) tell({ type: 'quiet' });
    try {
      const now = await glance(ports);
      waited = isRaw(last.glance, now) ? waited + 1 : 0;
      if (waited > 0 && waited < PATIENCE) continue;
      if (!same(last.glance, now)) {
        const next = await survey(ports, now);
        for (const event of differences(last, next)) tell(event);
        [last, quiet, waited] = [next, 0, 0];
      }
      blind = false;
    } catch (error) {
      if (!blind) tell({ type: 'blind', why: messageOf(error) });
      blind = true;
    }
  }
}

/** Removed ones first: a disk that was exchanged went before the other one came. Pure. */
function differences(last: Survey, next: Survey): DeviceEvent[] {
  const gone = [...last.devices].filter(([name, { key }]) => next.devices.get(name)?.key !== key);
  const events: DeviceEvent[] = gone.map(([, { device }]) => ({ type: 'removed', device }));
  for (const [name, { key, device }] of next.devices) {
    const was = last.devices.get(name);
    if (was?.key !== key) events.push({ type: 'added', device });
    else if (JSON.stringify(was.device) !== JSON.stringify(device)) {
      events.push({ type: 'changed', device, was: was.device });
    }
  }
  return events;
}

/** What came while the list was made is left for the next round: its key would not be its own. */
async function survey(ports: Ports, seen: Glance): Promise<Survey> {
  const devices = await listDevices(ports);
  const { keys } = await glance(ports);
  const steady = devices.flatMap((device): [string, { key: string; device: Device }][] => {
    const name = device.name.replaceAll('/', '!');
    const key = keys.get(name) ?? NOT_IN_SYSFS;
    return key === (seen.keys.get(name) ?? NOT_IN_SYSFS) ? [[name, { key, device }]] : [];
  });
  return { glance: seen, devices: new Map(steady) };
}

const NOT_IN_SYSFS = '';

async function glance(ports: Ports): Promise<Glance> {
  const names = await sysBlockNames(ports);
  if (!names.known) {
    throw new ExhibitError('source', 'discover.failed', `The disks of this station can't be watched: ${names.why}.`, {
      hint: 'Mount sysfs at /sys.',
    });
  }
  const keys = new Map<string, string>();
  const raw = new Set<string>();
  const udevRuns = (await ports.files.statOrNull(at(ports, '/run/udev/data')).catch(() => null)) !== null;
  const rest: string[] = [];
  for (const name of names.value) {
    const folder = `/sys/block/${name}`;
    const text = (file: string): Promise<string | null> => attributeText(ports, `${folder}/${file}`);
    const stats = await ports.files.stat(at(ports, folder)).catch(() => null);
    if (stats === null) continue;
    const number = (await text('dev')) ?? '';
    keys.set(name, `${stats.ino} ${number} ${(await text('diskseq')) ?? ''}`);
    const isNew = udevRuns && (await noEntry(ports, `/run/udev/data/b${number}`));
    if (isNew) raw.add(name);
    rest.push([name, await text('size'), await text('ro'), isNew].join(' '));
  }
  for (const file of ['/proc/self/mountinfo', '/proc/swaps']) rest.push((await attributeText(ports, file)) ?? '');
  return { keys, rest: rest.join('\n'), raw };
}

async function noEntry(ports: Ports, path: string): Promise<boolean> {
  return (await ports.files.statOrNull(at(ports, path)).catch(() => null)) === null;
}

/** A disk that was not there before, and that udev has not named yet. */
function isRaw(last: Glance, now: Glance): boolean {
  return [...now.raw].some((name) => last.keys.get(name) !== now.keys.get(name));
}

function same(last: Glance, now: Glance): boolean {
  return (
    last.rest === now.rest &&
    last.keys.size === now.keys.size &&
    [...now.keys].every(([name, key]) => last.keys.get(name) === key)
  );
}
