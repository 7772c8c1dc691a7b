import { parseMapfile } from '../image/mapfile.ts';
import { parseArmour } from '../manifest/armour.ts';
import { SUMS_SIGNATURE } from '../manifest/file-names.ts';
import type { Manifest } from '../manifest/schema.ts';
import { sealOf } from '../manifest/sums.ts';
import { ExhibitError } from '../model/errors.ts';
import type { ReadMap } from '../model/read-map.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { readManifest } from './check-manifest.ts';
import { readSums } from './check-sums.ts';
import { findManifest, openTarget } from './locate.ts';
import type { StoredFolder } from './stored-folder.ts';

/** What `exhibit show` shows: as the folder says, nothing verified. */
export interface ShownFolder {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly sealHex: string | null;
  /** Of the key inside SHA256SUMS.sig. */
  readonly fingerprint: string | null;
  /** By the folder's mapfile; null: it has none that fits. */
  readonly map: ReadMap | null;
}

/** Reads a folder's manifest and seal. Throws `verify.target` (fault `usage`), `show.manifest` (fault `signature`). */
export async function readForShow(ports: Ports, path: string): Promise<ShownFolder> {
  const target = await openTarget(ports, path, new AbortController().signal);
  const { folder } = target;
  const { bytes, sums } = await readSums(folder);
  const located = findManifest(target, sums);
  const { manifest, checks } = await readManifest(folder, located.name);
  if (manifest === null) {
    const bad = [...located.checks, ...checks].filter((check) => check.status !== 'ok');
    const why = bad.map((check) => check.message).join(' ');
    throw new ExhibitError('signature', 'show.manifest', `${visible(folder.path)} has no manifest to show: ${why}`, {
      hint: 'See all that is wrong: exhibit verify DIR. A stopped acquisition has no seal yet: exhibit resume DIR goes on with it.',
    });
  }
  const armour = await folder.bytes(SUMS_SIGNATURE);
  const signature = armour.ok ? parseArmour(armour.value) : null;
  return {
    folder: folder.path,
    manifest,
    sealHex: bytes === null ? null : sealOf(bytes),
    fingerprint: signature?.ok === true ? signature.value.fingerprint : null,
    map: await readMapOf(folder, manifest),
  };
}

async function readMapOf(folder: StoredFolder, { read_map, source }: Manifest): Promise<ReadMap | null> {
  const bytes = await folder.bytes(read_map.file);
  const parsed = bytes.ok ? parseMapfile(bytes.value.toString('utf8')) : null;
  return parsed?.ok === true && parsed.map.size === source.size ? parsed.map : null;
}
