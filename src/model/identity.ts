/**
 * What makes a source the same source: taken at plan time, compared before the first read and after the last.
 * Null is "not told", never "nothing".
 */
export interface SourceIdentity {
  readonly kind: 'block' | 'file';
  /** Bytes. */
  readonly size: number;
  /** `major:minor` of a block device; `device:inode` of a file. */
  readonly node: string;
  readonly model: string | null;
  readonly serial: string | null;
  readonly wwn: string | null;
  /** `/sys/block/X/diskseq`: the kernel's own counter, new for every disk that appears (Linux 5.15). */
  readonly diskseq: string | null;
  /** What the disk hangs on: bus, kernel names, ids and serials of USB devices. Another bridge is another source: it may change what is read. */
  readonly chain: string | null;
  /** Modification time of a file in milliseconds (UTC); null for devices. */
  readonly mtimeMs: number | null;
}

/** The fields in which two identities differ, each as a sentence. Empty: the same source. */
export function identityDifferences(planned: SourceIdentity, now: SourceIdentity): string[] {
  const fields: (keyof SourceIdentity)[] = [
    'kind',
    'size',
    'node',
    'model',
    'serial',
    'wwn',
    'diskseq',
    'chain',
    'mtimeMs',
  ];
  return fields
    .filter((field) => planned[field] !== now[field])
    .map((field) => `${field} was ${told(planned[field])}, is now ${told(now[field])}`);
}

/**
 * The fields that tell another disk, not only another place: the number, the kernel's counter and the way to it change
 * when the same disk is plugged in again, or into another station. Empty: nothing contradicts that it is the same.
 */
export function diskDifferences(planned: SourceIdentity, now: SourceIdentity): string[] {
  const { node, diskseq, chain } = now;
  return identityDifferences({ ...planned, node, diskseq, chain }, now);
}

function told(value: string | number | null): string {
  return value === null ? 'not told' : String(value);
}
