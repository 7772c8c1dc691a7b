import { cell } from '../model/text.ts';
import { folderNames, isPlainName, PARTIAL, repeatedNames, stemOfPiecesName } from './file-names.ts';
import type { Manifest } from './schema.ts';

/** Laws 1 to 6: names, segments, and the list of files. */
export function checkFiles(manifest: Manifest): string[] {
  const names = manifest.files.map((file) => file.name);
  return [
    ...names.filter((name) => !isPlainName(name)).map((name) => `files: "${cell(name, 100)}" is not a plain file name`),
    ...repeatedNames(names).map((name) => `files: ${cell(name, 100)} stands there twice`),
    ...sidecarFaults(manifest),
    ...segmentFaults(manifest),
    ...imageFileFaults(manifest),
    ...partialFaults(manifest),
  ];
}

function sidecarFaults({ pieces, read_map, journal, files }: Manifest): string[] {
  const stem = stemOfPiecesName(pieces.file);
  if (stem === null) return ['pieces.file is not <stem>.pieces.sha256'];
  const due = folderNames(stem);
  const faults = (['pieces', 'map', 'journal', 'report'] as const).flatMap((role) => {
    const found = files.filter((file) => file.role === role);
    return found.length === 1 && found[0]?.name === due[role]
      ? []
      : [`files: role ${role} must be one file, ${cell(due[role], 100)}`];
  });
  if (read_map.file !== due.map) faults.push(`read_map.file is not ${cell(due.map, 100)}`);
  if (journal.file !== due.journal) faults.push(`journal.file is not ${cell(due.journal, 100)}`);
  const listed = files.find((file) => file.name === pieces.file);
  if (listed !== undefined && listed.sha256 !== pieces.sha256) faults.push('pieces.sha256 is not the one in files');
  return faults;
}

function segmentFaults({ image, outcome, pieces, acquisition }: Manifest): string[] {
  const stem = stemOfPiecesName(pieces.file) ?? '';
  const faults: string[] = [];
  let end = 0;
  for (const [index, segment] of image.segments.entries()) {
    const ending = image.format === 'raw' ? '.dd' : `.${String(index + 1).padStart(3, '0')}`;
    const name = `image.segments[${index}]`;
    if (withoutPartial(segment.name) !== stem + ending)
      faults.push(`${name} must be named ${cell(stem + ending, 100)}`);
    if (segment.offset !== end)
      faults.push(`${name} starts at ${segment.offset}, not where the one before ends (${end})`);
    if (segment.size === 0 && outcome !== 'incomplete') faults.push(`${name} is empty`);
    end = segment.offset + segment.size;
  }
  if (end !== image.size) faults.push(`image.segments end at ${end}; image.size is ${image.size}`);
  if (image.segments.length > (image.format === 'raw' ? 1 : 999))
    faults.push(`image.segments: too many for ${image.format}`);
  if (image.segments.length === 0 && outcome !== 'incomplete') faults.push('image.segments: there are none');
  if (image.format !== acquisition.settings.format) faults.push('image.format is not acquisition.settings.format');
  return faults;
}

function imageFileFaults({ image, files, digests }: Manifest): string[] {
  const faults = image.segments.flatMap((segment) => {
    const same = files.some(
      (file) =>
        file.role === 'image' &&
        file.name === segment.name &&
        file.size === segment.size &&
        file.sha256 === segment.sha256,
    );
    return same ? [] : [`files: there is no image file like the segment ${cell(segment.name, 100)} (name, size, hash)`];
  });
  const images = files.filter((file) => file.role === 'image').length;
  if (images !== image.segments.length)
    faults.push(`files lists ${images} image files; image.segments has ${image.segments.length}`);
  const whole = digests.find((digest) => digest.algorithm === 'sha256');
  const [only] = image.segments;
  if (image.segments.length === 1 && whole !== undefined && only?.sha256 !== whole.hex) {
    faults.push('the only segment does not have the SHA-256 of digests');
  }
  return faults;
}

function partialFaults({ image, outcome, read_back }: Manifest): string[] {
  const partial = image.segments.filter((segment) => segment.name.endsWith(PARTIAL)).length;
  if (partial > 0 && outcome.startsWith('complete'))
    return [`image.segments: ${PARTIAL} names, though the outcome is ${outcome}`];
  if (partial < image.segments.length && read_back.state === 'mismatch') {
    return [`image.segments: names without ${PARTIAL}, though the image did not read back`];
  }
  return [];
}

function withoutPartial(name: string): string {
  return name.endsWith(PARTIAL) ? name.slice(0, -PARTIAL.length) : name;
}
