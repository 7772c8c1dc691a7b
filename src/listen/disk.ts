import { unknown, type Device } from '../model/device.ts';
import type { ListenRequest } from '../model/listen.ts';
import type { SourceFacts } from '../model/plan.ts';
import { formatListenAddress, SECTOR } from './address.ts';

const NOT_ASKED = 'nothing of the other machine was looked at: it sends the disk';
/** The least that a disk has. */

/** A disk that another machine is to send, as a source: the operator's word for its path and size, and no more. Pure. */
export function sentDisk(request: ListenRequest): SourceFacts {
  const path = formatListenAddress(request.address);
  const realPath = request.address.path ?? path;
  const identity = {
    ...({ kind: 'block', size: request.size, node: 'not here' } as const),
    ...{ model: null, serial: null, wwn: null, diskseq: null, chain: null, mtimeMs: null },
  };
  return { kind: 'block', path, realPath, device: unseen(realPath, request.size), identity, received: request };
}

function unseen(path: string, size: number): Device {
  const nothing = unknown(NOT_ASKED);
  return {
    path,
    name: '',
    number: '',
    kind: 'disk',
    physical: false,
    wholeDisk: '',
    disks: [],
    size,
    logicalSector: SECTOR,
    physicalSector: SECTOR,
    readOnly: nothing,
    model: nothing,
    serial: nothing,
    serialAsTold: nothing,
    revision: nothing,
    wwn: nothing,
    transport: nothing,
    removable: null,
    diskseq: nothing,
    byId: nothing,
    byPath: nothing,
    chain: nothing,
    backingFile: null,
    behind: nothing,
    around: null,
    partitions: [],
    uses: nothing,
  };
}
