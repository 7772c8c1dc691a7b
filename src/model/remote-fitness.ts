import type { RemoteClock, RemoteFacts } from './remote.ts';

/** Something without which no disk of a machine can be read. Untrusted text in `found` and `message`. */
export interface Lack {
  /** What was looked at, as `doctor` lists it. */
  readonly what: string;
  readonly code: `remote.${string}`;
  /** What is there in its place, as a phrase. */
  readonly found: string;
  /** The same, as a sentence. */
  readonly message: string;
  readonly hint: string;
}

/** Milliseconds that the clocks may differ by, beside what the asking itself leaves open. */
const FAR_OFF_MS = 2000;

/** What stands between us and all disks of a machine; none: they can be looked for. Pure. */
export function lacksOf({ kernel, rights, uid, sudo, tools }: RemoteFacts): Lack[] {
  const lacks: Lack[] = [];
  const name = kernel.known ? kernel.value : `not known (${kernel.why})`;
  if (name !== 'Linux') {
    const message = `The kernel of the other machine is ${name}.`;
    const hint = 'Only disks of Linux machines are found and read, by what Linux tells in /sys.';
    lacks.push({ what: 'kernel', code: 'remote.not-linux', found: name, message, hint });
  }
  if (rights === 'nobody') {
    const user = uid.known ? `user ${uid.value}` : 'a user that is not known';
    const said = sudo ?? 'not asked';
    lacks.push({
      what: 'rights',
      code: 'remote.no-rights',
      found: `${user}; sudo -n: ${said}`,
      message: `Whoever is logged in there is not root, and sudo -n gives no rights (${said}).`,
      hint: 'Log in as root, or allow this user sudo without a password, for every program, for the time being: dd alone is not enough.',
    });
  }
  for (const [tool, hint] of Object.entries(NEEDED)) {
    if ((tools[tool] ?? null) !== null) continue;
    const message = `The other machine has no ${tool}.`;
    lacks.push({ what: tool, code: `remote.no-${tool}`, found: 'not there', message, hint });
  }
  return lacks;
}

const SAME_DISK = 'Without it nobody can tell that what is read is still the disk that was meant. BusyBox has one.';

/** Programs that nothing takes the place of, and why. */
const NEEDED: Readonly<Record<string, string>> = {
  dd: 'Nothing else there reads a disk in ranges.',
  stat: SAME_DISK,
  readlink: SAME_DISK,
};

/** Whether times of a machine are off by more than its answer may be. */
export function isFarOff({ offset, roundTrip, step }: RemoteClock): boolean {
  return Math.abs(offset) > FAR_OFF_MS + step + roundTrip;
}
