import { parseArmour } from '../manifest/armour.ts';
import { SUMS_SIGNATURE } from '../manifest/file-names.ts';
import type { Manifest } from '../manifest/schema.ts';
import { sealOf } from '../manifest/sums.ts';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { readManifest } from './check-manifest.ts';
import { readSums } from './check-sums.ts';
import { findManifest, openTarget } from './locate.ts';

/** What `exhibit show` shows: as the folder says, nothing verified. */
export interface ShownFolder {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly sealHex: string | null;
  /** Of the key inside SHA256SUMS.sig. */
  readonly fingerprint: string | null;
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
      hint: 'See all that is wrong: exhibit verify DIR. A stopped acquisition is closed first: exhibit seal DIR --incomplete REASON',
    });
  }
  const armour = await folder.bytes(SUMS_SIGNATURE);
  const signature = armour.ok ? parseArmour(armour.value) : null;
  return {
    folder: folder.path,
    manifest,
    sealHex: bytes === null ? null : sealOf(bytes),
    fingerprint: signature?.ok === true ? signature.value.fingerprint : null,
  };
}
