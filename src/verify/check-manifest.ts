import { stemOfManifestName, stemOfPiecesName } from '../manifest/file-names.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { Manifest } from '../manifest/schema.ts';
import { dataWords, wholeWords } from '../manifest/report-elsewhere.ts';
import { sentWords } from '../manifest/report-received.ts';
import { total } from '../model/range.ts';
import { describeBytes } from '../model/size.ts';
import { visible } from '../model/text.ts';
import type { Check } from './report.ts';
import type { StoredFolder } from './stored-folder.ts';

export interface ReadManifest {
  readonly bytes: Buffer | null;
  /** Null: not there, or not a manifest that keeps its laws. */
  readonly manifest: Manifest | null;
  readonly checks: readonly Check[];
}

/** @param name null: there is none, which was said already */
export async function readManifest(folder: StoredFolder, name: string | null): Promise<ReadManifest> {
  if (name === null) return { bytes: null, manifest: null, checks: [] };
  const content = await folder.bytes(name);
  if (!content.ok) {
    const check: Check = { name: 'manifest', status: content.status, message: `${visible(name)} ${content.why}.` };
    return { bytes: null, manifest: null, checks: [check] };
  }
  const parsed = parseManifest(content.value);
  const faults = parsed.ok ? stemFaults(parsed.manifest, name) : parsed.faults;
  const checks = faults.map((fault): Check => ({
    name: 'manifest',
    status: 'invalid',
    message: `${visible(name)}: ${fault}.`,
  }));
  if (!parsed.ok) return { bytes: content.value, manifest: null, checks };
  if (checks.length === 0) {
    checks.push({
      name: 'manifest',
      status: 'ok',
      message: 'The manifest keeps its format and does not contradict itself.',
    });
  }
  return { bytes: content.value, manifest: parsed.manifest, checks };
}

/** The other files' names are the manifest's own; only its own name could have been changed without breaking them. */
function stemFaults(manifest: Manifest, name: string): string[] {
  const stem = stemOfPiecesName(manifest.pieces.file);
  return stem === stemOfManifestName(name) ? [] : [`it names the files of ${visible(stem ?? '')}: it was renamed`];
}

/** What the manifest itself says about how the acquisition ended. */
export function checkOutcome(manifest: Manifest): Check[] {
  return [outcomeCheck(manifest), ...streamChecks(manifest), ...adoptedChecks(manifest), ...readBackChecks(manifest)];
}

function outcomeCheck({ outcome, image, source, read_map, incomplete_reason }: Manifest): Check {
  switch (outcome) {
    case 'complete':
      return {
        name: 'outcome',
        status: 'ok',
        message: `The acquisition was complete: ${wholeWords(source)}.`,
      };
    case 'complete-with-unreadable': {
      const message = `The acquisition was complete, but ${describeBytes(read_map.unreadable)} of the source could not be read; zeros stand in their place.`;
      return { name: 'outcome', status: 'ok', message };
    }
    case 'mismatch':
      return {
        name: 'outcome',
        status: 'damaged',
        message: 'The acquisition itself recorded a mismatch: two readings that should be equal were not.',
      };
    case 'incomplete': {
      const message = `The acquisition was not complete: the image holds ${describeBytes(image.size)} of ${describeBytes(source.size)}. Reason given: ${visible(incomplete_reason ?? 'none')}`;
      return { name: 'outcome', status: 'unestablished', message };
    }
  }
}

/** What the target told of what it sent, and what of that arrived. */
function streamChecks({ source: { received }, image }: Manifest): Check[] {
  if (received === null) return [];
  const differs = received.streams.some(({ hash }) => hash === 'differs');
  const message = `Hashes of what was sent: ${sentWords(received, image.size)}.`;
  return [{ name: 'outcome', status: differs ? 'damaged' : 'ok', message }];
}

/** Whose reading it was is no fault, and must not go unsaid. */
function adoptedChecks({ read_map }: Manifest): Check[] {
  if (read_map.adopted.length === 0) return [];
  const message = `${describeBytes(total(read_map.adopted))} of the source were read by another program, not by exhibit.`;
  return [{ name: 'outcome', status: 'ok', message }];
}

/** A read-back that was not made is no fault now: the image is read again by this very check. */
function readBackChecks({ read_back: back, source_check: second, outcome, source }: Manifest): Check[] {
  const checks: Check[] = [];
  const add = (status: Check['status'], message: string): void =>
    void checks.push({ name: 'read-back', status, message });
  if (back.state === 'waived') add('ok', 'The image was not read back when it was made: that was waived.');
  if (back.state === 'not-done') add('ok', `The image was not read back when it was made: ${visible(back.why)}.`);
  if (back.state === 'match') {
    add('ok', `The image was read back when it was made, ${fromWhere(back.cache)}: equal.`);
  }
  if (back.state === 'mismatch') {
    const of = outcome === 'incomplete' ? 'the image as it was when it was closed' : dataWords(source);
    add('damaged', `The image did not read back as it was written. Its hashes are of ${of}.`);
  }
  if (second.state === 'match') {
    const how = fromWhere(second.cache);
    add('ok', `The source was read a second time when it was acquired, ${how}: the same data.`);
  }
  if (second.state === 'mismatch') add('damaged', 'The source gave different data when it was read a second time.');
  return checks;
}

function fromWhere({ avoided }: { readonly avoided: 'yes' | 'no' | 'unknown' }): string {
  return avoided === 'yes' ? 'from the medium' : 'possibly from memory';
}
