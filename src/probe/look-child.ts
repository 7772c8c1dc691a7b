import { openSync, readSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';
import { answerLine, parseRequest } from './look-protocol.ts';
import { signIn, type Place } from './signs.ts';

/**
 * A program of its own: looks at a few known places of a device (its only argument, opened read-only), so that a read
 * that hangs on a dying disk hangs here, where it can be left behind. Requests and answers: `look-protocol.ts`. Ends
 * with 1 when a place could not be read.
 */
const chunks: Buffer[] = [];
let source: number | null = null;
process.stdin.on('data', (chunk: Buffer) => chunks.push(chunk));
process.stdin.on('end', () => {
  for (const { start, ...place } of parseRequest(Buffer.concat(chunks).toString())) {
    const word = look(start, place);
    if (word.startsWith('!')) process.exitCode = 1;
    process.stdout.write(answerLine(word));
  }
});

function look(start: number, place: Place): string {
  const buffer = Buffer.alloc(place.length);
  let done = 0;
  try {
    source ??= openSync(process.argv[2] ?? '', 'r');
    while (done < buffer.length) {
      const got = readSync(source, buffer, done, buffer.length - done, start + place.offset + done);
      if (got === 0) return '!end';
      done += got;
    }
    return signIn(place, buffer) ?? '-';
  } catch (error) {
    return `!${errnoOf(error) ?? 'unknown'}`;
  }
}
