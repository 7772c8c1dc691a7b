import { observeStation } from '../discover/station.ts';
import type { Signer } from '../manifest/sign.ts';
import { usbRecord } from '../model/chain.ts';
import { valueOf, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import type { Marker } from './marker.ts';
import type { Report } from './report-schema.ts';
import type { ReportHead } from './run-test.ts';
import type { ScratchDisk } from './scratch-disk.ts';
import { seeBridge } from './seen-bridge.ts';

/** What the examiner says of the blocker, and of himself. */
export interface BlockerNames {
  readonly blockerMake: string;
  readonly blockerModel: string;
  readonly blockerSerial?: string;
  readonly blockerFirmware?: string;
  readonly examiner: string;
}

/** Looks at everything that the report says of the circumstances. */
export async function reportHead(
  ports: Ports,
  disk: ScratchDisk,
  marker: Marker,
  names: BlockerNames,
  signer: Signer | null,
): Promise<ReportHead> {
  return {
    examiner: names.examiner.trim(),
    tool: { name: 'exhibit-blocker-test', version: ports.host.toolVersion },
    blocker: {
      make: names.blockerMake.trim(),
      model: names.blockerModel.trim(),
      serial: names.blockerSerial?.trim() ?? null,
      firmware: names.blockerFirmware?.trim() ?? null,
      seen: await seen(ports, disk),
    },
    disk: diskFacts(disk),
    marker: { ...marker },
    station: await stationFacts(ports),
    signing:
      signer === null
        ? { state: 'unsigned' }
        : {
            state: 'signed',
            principal: signer.principal,
            fingerprint: signer.fingerprint,
            key_type: signer.keyType,
          },
  };
}

async function seen(ports: Ports, { device }: ScratchDisk): Promise<Report['blocker']['seen']> {
  const { sysfs, usb, inquiry } = await seeBridge(ports, device.number);
  return {
    sysfs,
    usb: usb === null ? null : usbRecord(usb),
    inquiry: inquiry === null ? null : { ...inquiry },
  };
}

function diskFacts({ device, facts }: ScratchDisk): Report['disk'] {
  const { model, serial, revision, wwn, transport } = device;
  const asked: Readonly<Record<string, Fact<string>>> = { model, serial, revision, wwn, transport };
  const reasons = Object.entries(asked).flatMap(([name, fact]) => (fact.known ? [] : [[name, fact.why] as const]));
  return {
    path: facts.path,
    real_path: facts.realPath,
    number: device.number,
    kind: device.kind,
    size: device.size,
    logical_sector: device.logicalSector,
    physical_sector: device.physicalSector,
    model: valueOf(model),
    serial: valueOf(serial),
    revision: valueOf(revision),
    wwn: valueOf(wwn),
    transport: valueOf(transport),
    backing_file: device.backingFile,
    unknown: Object.fromEntries(reasons),
  };
}

/** The tools that the attempts are made with. */
const TOOLS = ['dd', 'sg_raw', 'blkdiscard', 'blockdev'];

async function stationFacts(ports: Ports): Promise<Report['station']> {
  const { hostname, kernel, node, uid, sudoUser, clock, tools } = await observeStation(ports);
  const own = await Promise.all(TOOLS.map(async (tool) => [tool, await versionOf(ports, tool)] as const));
  return {
    hostname,
    kernel,
    node,
    uid,
    sudo_user: sudoUser,
    tools: { ...Object.fromEntries(own), 'ssh-keygen': tools['ssh-keygen'] ?? null },
    clock_synchronised: valueOf(clock.synchronised),
    clock_seen_by: clock.seenBy,
  };
}

/** First line with a version in it; sg3-utils speak on standard error. */
async function versionOf(ports: Ports, tool: string): Promise<string | null> {
  const result = await ports.commands.run([tool, '--version'], { timeoutMs: 10_000 });
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').map((line) => line.trim());
  return result.failure === null ? (lines.find((line) => /\d/.test(line))?.toWellFormed() ?? null) : null;
}
