import { known, unknown, type Fact } from '../model/device.ts';
import { firstWords, type Answer } from './ask.ts';

const PER_LINE = 16;
/** Columns of the hex dump: the letters beside the numbers are the device's and may look like numbers. */
const NUMBERS = [8, 57] as const;

/**
 * The bytes that `sg_raw --request` received: it dumps them in hex, on standard error in some versions, on standard
 * output in others. Unknown when the device refused, or the dump is not whole.
 */
export function parseSgRaw(answer: Answer): Fact<Uint8Array> {
  if (answer.why !== null) return unknown(answer.why);
  if (answer.exit !== 0) return unknown(`the device gave no answer: ${refusal(answer.stderr)}`);
  const lines = `${answer.stderr}\n${answer.stdout}`.split('\n');
  const heads = lines.flatMap((line, index) => (/^Received \d+ bytes of data:$/.test(line) ? [index] : []));
  const head = heads[0];
  if (head === undefined || heads.length !== 1) return unknown(`the device gave no data: ${firstWords(...lines)}`);
  const length = Number(/\d+/.exec(lines[head] ?? '')?.[0]);
  const bytes = dumped(lines.slice(head + 1), length);
  return bytes === null ? unknown('what sg_raw printed is not a whole hex dump') : known(bytes);
}

/** All of the `length` bytes, or null. */
function dumped(lines: readonly string[], length: number): Uint8Array | null {
  const bytes: number[] = [];
  for (const line of lines) {
    if (bytes.length >= length) break;
    if (Number.parseInt(/^ ([\da-f]{2,4}) /.exec(line)?.[1] ?? '', 16) !== bytes.length) return null;
    const words = line
      .slice(...NUMBERS)
      .trim()
      .split(/ +/);
    if (words.length > PER_LINE || !words.every((word) => /^[\da-f]{2}$/.test(word))) return null;
    bytes.push(...words.map((word) => Number.parseInt(word, 16)));
  }
  return bytes.length === length ? Uint8Array.from(bytes) : null;
}

/** `Sense key: …`, `Additional sense: …`: what a SCSI device gives for a reason. */
function refusal(stderr: string): string {
  const sense = stderr.split('\n').flatMap((line) => /(?:Sense key|Additional sense): .*/.exec(line)?.[0] ?? []);
  return sense.length === 0 ? firstWords(stderr) : firstWords(sense.join(', '));
}
