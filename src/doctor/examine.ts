import { observeStation } from '../discover/station.ts';
import { hasherFactory, selfTest } from '../hash/engines.ts';
import { ALGORITHMS, ENGINES } from '../model/digest.ts';
import { messageOf } from '../model/errors.ts';
import { findSigningKey } from '../manifest/keys.ts';
import { openSigner } from '../manifest/sign.ts';
import { ddVersion } from '../read/dd-reader.ts';
import type { Ports } from '../system/ports.ts';
import { judgeAgents, judgeAssemblers, observeAssemblers } from './automount.ts';
import { ok, type Examination } from './examination.ts';
import { observeProcesses } from './processes.ts';
import { inPlace, judgeRules, observeRules } from './udev-rules.ts';

/** What imaging can't do without, and what it is better with: command → what it is for. */
const NEEDED: Readonly<Record<string, string>> = {
  lsblk: 'naming disks',
  flock: 'locking the evidence folder',
  blockdev: '--software-block',
  'ssh-keygen': 'signatures',
};
const HELPFUL: Readonly<Record<string, string>> = {
  setpriv: 'ending children with a killed exhibit',
  fincore: 'proving that a read-back did not come from memory',
};

/** Tools that the disk itself is asked with, all optional: what each tells, and the Debian package that has it. */
const ASKING: Readonly<Record<string, readonly [use: string, debian: string]>> = {
  smartctl: ["the disk's own serial behind a bridge, its SMART health", 'smartmontools'],
  hdparm: ['hidden sectors (HPA, DCO)', 'hdparm'],
  sg_modes: ['whether a disk or bridge declares itself write-protected', 'sg3-utils'],
  sg_raw: ['what a Tableau bridge answers to its own query', 'sg3-utils'],
  nvme: ['whether an NVMe disk declares itself write-protected', 'nvme-cli'],
  sfdisk: ['partition types', 'fdisk'],
};

/** Looks at tools, rights, clock, hash engines and the signing key; signs a trial, keeps nothing. */
export async function examineStation(ports: Ports, keyPath: string | null): Promise<Examination[]> {
  const station = await observeStation(ports);
  const tool = (name: string, use: string, state: 'missing' | 'warning'): Examination => {
    const found = station.tools[name] ?? null;
    if (found !== null) return ok(name, found);
    return {
      what: name,
      state,
      found: 'not installed',
      advice: `It is needed for ${use}. On Debian: apt install util-linux openssh-client`,
    };
  };
  return [
    ok('node', station.node),
    ok('kernel', station.kernel),
    await examineDd(ports),
    ...Object.entries(NEEDED).map(([name, use]) => tool(name, use, 'missing')),
    ...Object.entries(HELPFUL).map(([name, use]) => tool(name, use, 'warning')),
    ...Object.keys(ASKING).map((name) => askingTool(ports, name)),
    rights(station.uid),
    clockState(station.clock),
    ...(await examineEngines()),
    await examineKey(ports, keyPath),
    ...(await examineNewDisks(ports)),
  ];
}

/** What would happen to a disk that is plugged in now. Only files are read: no disk, no service is asked. */
async function examineNewDisks(ports: Ports): Promise<Examination[]> {
  const [rules, processes, assemblers] = await Promise.all([
    observeRules(ports),
    observeProcesses(ports),
    observeAssemblers(ports),
  ]);
  return [...judgeRules(rules, processes), ...judgeAgents(processes), ...judgeAssemblers(assemblers, inPlace(rules))];
}

/** Without it a fact stays unknown, with that reason; imaging goes on. */
function askingTool(ports: Ports, name: string): Examination {
  const found = ports.commands.which(name);
  if (found !== null) return ok(name, found);
  const [use, debian] = ASKING[name] ?? ['', ''];
  const advice = `Optional. Without it stays unknown: ${use}. On Debian: apt install ${debian}`;
  return { what: name, state: 'warning', found: 'not installed', advice };
}

async function examineDd(ports: Ports): Promise<Examination> {
  try {
    return ok('dd', await ddVersion(ports.commands));
  } catch (error) {
    return { what: 'dd', state: 'warning', found: messageOf(error), advice: 'Read without it: --reader direct' };
  }
}

function rights(uid: number): Examination {
  if (uid === 0) return ok('rights', 'root');
  return {
    what: 'rights',
    state: 'warning',
    found: `user ${uid}`,
    advice: 'Reading disks takes root: sudo exhibit acquire …',
  };
}

function clockState(clock: Awaited<ReturnType<typeof observeStation>>['clock']): Examination {
  const { synchronised, seenBy } = clock;
  if (synchronised.known && synchronised.value) return ok('clock', `synchronised (${seenBy})`);
  const found = synchronised.known
    ? `not synchronised (${seenBy})`
    : `not known whether it is synchronised: ${synchronised.why}`;
  return {
    what: 'clock',
    state: 'warning',
    found,
    advice: 'Compare it with a clock you trust and note the difference; the manifest says what is known.',
  };
}

async function examineEngines(): Promise<Examination[]> {
  const tests = ENGINES.flatMap((engine) => ALGORITHMS.map((algorithm) => ({ engine, algorithm })));
  return Promise.all(
    tests.map(async ({ engine, algorithm }): Promise<Examination> => {
      const what = `${algorithm} ${engine}`;
      try {
        selfTest(algorithm, engine, await hasherFactory(algorithm, engine));
        return ok(what, 'known answers given');
      } catch (error) {
        return { what, state: 'missing', found: messageOf(error), advice: 'Do not use this machine for evidence.' };
      }
    }),
  );
}

async function examineKey(ports: Ports, keyPath: string | null): Promise<Examination> {
  try {
    const key = await findSigningKey(ports, keyPath);
    const signer = await openSigner(ports, key, { interactive: false, now: ports.clock.wallMs() });
    await signer.close();
    return ok('signing key', `${key.principal} ${key.fingerprint}, trial signature verified`);
  } catch (error) {
    const advice = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
    return { what: 'signing key', state: 'warning', found: messageOf(error), advice };
  }
}
