import { join } from 'node:path';
import { bug, ExhibitError } from '../../model/errors.ts';
import type { Segment } from '../../model/plan.ts';
import { intersect, lengthOf, type Range } from '../../model/range.ts';
import { visible } from '../../model/text.ts';
import type { ImagePart } from '../../read/image-reader.ts';
import type { Ports } from '../../system/ports.ts';

/** A file of the image as it lies in the folder. */
export type PartThere = ImagePart;

/** The image's files under their `.partial` names, with what each is to hold at its end. */
export function partialParts(folder: string, segments: readonly Segment[]): PartThere[] {
  return segments.map(({ name, offset, length }) => ({ path: join(folder, `${name}.partial`), offset, length }));
}

/** Bytes of the image. @throws ExhibitError `resume.image` when they are not there */
export async function readParts(ports: Ports, parts: readonly PartThere[], range: Range): Promise<Buffer> {
  const bytes = Buffer.alloc(lengthOf(range));
  let done = 0;
  for (const part of parts) {
    const shared = intersect(range, { start: part.offset, end: part.offset + part.length });
    if (shared === undefined) continue;
    const file = await ports.files.open(part.path, 'read');
    try {
      const got = await file.read(bytes, shared.start - range.start, lengthOf(shared), shared.start - part.offset);
      if (got < lengthOf(shared)) throw missingBytes(part.path, shared.start + got);
      done += got;
    } finally {
      await file.close();
    }
  }
  if (done < bytes.length) throw bug(`the image has no file for bytes [${range.start}, ${range.end})`);
  return bytes;
}

/** The journal says that bytes were on disk which are not there. */
export function missingBytes(path: string, at: number): ExhibitError {
  const message = `${visible(path)} does not hold byte ${at}, which the journal says was written.`;
  return new ExhibitError('damage', 'resume.image', message, {
    hint: 'The image was cut or lost a part after the acquisition stopped. Keep the folder as it is, and image the source again.',
  });
}
