import { bridgeOf, type DiskChain } from '../model/chain.ts';
import { known, unknown, type Device, type Fact } from '../model/device.ts';
import type { HiddenArea, ProbeFacts, ProbeRun } from '../model/probe.ts';
import type { Ports } from '../system/ports.ts';
import { Asker } from './ask.ts';
import { askDeclared } from './declared.ts';
import { parseDco, parseHpa } from './hdparm.ts';
import { lookForSigns } from './look.ts';
import { isNvme } from './nvme.ts';
import { askPartitionTable } from './partition-table.ts';
import { asksForType, parseSmartctl, type Sectors, type SmartAnswer } from './smartctl.ts';
import { askTableau } from './tableau.ts';
import { diskToAsk, type AskedDisk } from './target.ts';

export interface ProbeOptions {
  /** False: the operator wants nothing asked (`--no-probe`). */
  readonly probe: boolean;
  /** What the disk of {@link diskToAsk} hangs on: that very disk's own ancestors. */
  readonly chain: Fact<DiskChain>;
  /** The profile's or the operator's word that a vendor's own query may be sent. */
  readonly vendorQuery: boolean;
  /** Milliseconds for each question; 10 s when not given. */
  readonly timeoutMs?: number;
  /** Ends the question under way and those after it. */
  readonly stop?: AbortSignal;
  /** Told of each question when it has ended, before the next is put: for the journal. What it throws ends the probe. */
  readonly onRun?: (run: ProbeRun) => void | Promise<void>;
}

const TIMEOUT_MS = 10_000;

/**
 * Asks the named device itself: one question after the other, each with a time limit, none that changes anything. A
 * missing tool, a refusal, a hang are reasons in the facts; nothing of them is thrown.
 */
export async function probe(ports: Ports, device: Device, options: ProbeOptions): Promise<ProbeFacts> {
  if (!options.probe) return notProbed('not asked: --no-probe');
  const asker = new Asker(ports, {
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    stop: options.stop,
    onRun: options.onRun,
  });
  const disk = diskToAsk(device);
  const ofDisk = disk.known ? await askDisk(ports, asker, disk.value, options) : silent(disk.why);
  const partitionTable = await askPartitionTable(asker, device);
  const look = await lookForSigns(ports, asker, device, partitionTable);
  return { ...ofDisk, partitionTable, ...look, runs: [...asker.runs] };
}

/** What was answered about write protection, and every question that was put for it. */
export type ProtectionAnswers = Pick<ProbeFacts, 'declared' | 'vendor' | 'runs'>;

/** The questions about write protection alone, as after a reading: with them the verdict is taken anew. */
export async function askProtection(ports: Ports, device: Device, options: ProbeOptions): Promise<ProtectionAnswers> {
  if (!options.probe) return notProbed('not asked: --no-probe');
  const disk = diskToAsk(device);
  if (!disk.known) return notProbed(disk.why);
  const asker = new Asker(ports, {
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    stop: options.stop,
    onRun: options.onRun,
  });
  // Only NVMe's answer is read by what smartctl tells: the version that the disk keeps to.
  const smart = isNvme(disk.value.name) ? await askSmartctl(asker, disk.value) : unknown('not asked');
  const answers = await askAboutWrites(ports, asker, disk.value, options, smart);
  return { ...answers, runs: [...asker.runs] };
}

/** Facts of a source that nothing was asked of: with the reason. */
export function notProbed(why: string): ProbeFacts {
  return { ...silent(why), partitionTable: unknown(why), encryption: unknown(why), unread: [], runs: [] };
}

type DiskFacts = Pick<ProbeFacts, 'own' | 'healthy' | 'hpa' | 'dco' | 'declared' | 'vendor'>;

function silent(why: string): DiskFacts {
  const none = unknown(why);
  return { own: none, healthy: none, hpa: none, dco: none, declared: none, vendor: none };
}

async function askDisk(ports: Ports, asker: Asker, disk: AskedDisk, options: ProbeOptions): Promise<DiskFacts> {
  const { chain } = options;
  const smart = await askSmartctl(asker, disk);
  const own = ownWord(smart, chain);
  const ata = ataCapacity(disk, chain, smart);
  return {
    own: own.known ? known(own.value.identity) : own,
    healthy: own.known ? own.value.healthy : own,
    hpa: await askHpa(asker, disk, ata),
    dco: await askDco(asker, disk, ata),
    ...(await askAboutWrites(ports, asker, disk, options, smart)),
  };
}

async function askAboutWrites(
  ports: Ports,
  asker: Asker,
  disk: AskedDisk,
  { chain, vendorQuery }: ProbeOptions,
  smart: Fact<SmartAnswer>,
): Promise<Pick<ProbeFacts, 'declared' | 'vendor'>> {
  return {
    declared: await askDeclared(ports, asker, disk, chain, smart),
    vendor: await askTableau(asker, disk, chain, vendorQuery),
  };
}

/**
 * smartctl finds out by itself how to reach a disk. Behind a USB bridge that is not in its list it wants to be told: SAT,
 * the standard's way, is then tried once; the commands of single vendors never are.
 */
async function askSmartctl(asker: Asker, disk: AskedDisk): Promise<Fact<SmartAnswer>> {
  const question = ['smartctl', '--json', '--info', '--health'];
  const answer = await asker.ask(question, disk.path);
  const first = parseSmartctl(answer, disk.path);
  if (first.known || !asksForType(answer)) return first;
  const second = parseSmartctl(await asker.ask([...question, '--device=sat'], disk.path), disk.path);
  return second.known ? second : unknown(`${first.why}; by SAT: ${second.why}`);
}

/** An INQUIRY that a bridge answers is the bridge's word, not the disk's. */
function ownWord(smart: Fact<SmartAnswer>, chain: Fact<DiskChain>): Fact<SmartAnswer> {
  if (!smart.known || smart.value.protocol !== 'SCSI') return smart;
  if (!chain.known) return unknown(`a SCSI answer, and whether a bridge gave it is not known: ${chain.why}`);
  const { bus } = chain.value;
  if (bus !== 'usb' && bus !== 'firewire' && bridgeOf(chain.value) === null) return smart;
  return unknown(`the bridge answered for itself ("${smart.value.identity.model}"): it passes nothing on to the disk`);
}

/** The capacity of a disk that is known to be an ATA disk; else why hdparm must not be asked. */
function ataCapacity(disk: AskedDisk, chain: Fact<DiskChain>, smart: Fact<SmartAnswer>): Fact<Sectors> {
  if (smart.known && smart.value.protocol !== 'ATA') {
    return unknown(`no ATA disk: it answers to ${smart.value.protocol}, where hdparm would make numbers up`);
  }
  if (smart.known && smart.value.capacity !== null) return known(smart.value.capacity);
  const direct = chain.known && (chain.value.bus === 'sata' || chain.value.bus === 'pata');
  if (direct && disk.capacity !== null) return known(disk.capacity);
  return unknown(
    smart.known
      ? 'the disk does not tell its capacity, against which the answer would have to be checked'
      : `not known to be an ATA disk, and of any other hdparm makes numbers up (${smart.why})`,
  );
}

async function askHpa(asker: Asker, disk: AskedDisk, ata: Fact<Sectors>): Promise<Fact<HiddenArea>> {
  return ata.known ? parseHpa(await asker.ask(['hdparm', '-N'], disk.path), ata.value) : ata;
}

async function askDco(asker: Asker, disk: AskedDisk, ata: Fact<Sectors>): Promise<Fact<HiddenArea>> {
  return ata.known ? parseDco(await asker.ask(['hdparm', '--dco-identify'], disk.path), ata.value) : ata;
}
