import { time } from '../../manifest/schema-words.ts';
import { ALGORITHMS, ENGINES } from '../../model/digest.ts';
import {
  sameFileSystem,
  sameStation,
  type FileSystemIdentity,
  type SpeedFigures,
  type StationIdentity,
} from '../../model/speed.ts';
import * as z from '../../model/zod.ts';

/** As many measurements are kept, the newest first. */
const MOST = 32;

const rate = z.int().positive();
const text = z.string().max(4096);
const whole = z.strictObject({
  format: z.literal('exhibit-speed'),
  version: z.literal(1),
  measured: z
    .array(
      z.strictObject({
        measuredAt: time,
        station: z.strictObject({ hostname: text, cpu: text, cores: z.int().positive(), node: text, hashWasm: text }),
        destination: z.strictObject({
          fileSystem: text,
          mountSource: text,
          mountPoint: text,
          uuid: text.nullable(),
          fsid: text.nullable(),
        }),
        writing: z.strictObject({ bytes: rate, milliseconds: rate, bytesPerSecond: rate }),
        alone: z.record(z.enum(ENGINES), z.record(z.enum(ALGORITHMS), rate)),
        together: z.strictObject({
          hashes: z.array(z.enum(ALGORITHMS)),
          spanLanes: z.int().nonnegative(),
          native: rate,
          wasm: rate,
        }),
      }),
    )
    .max(MOST),
});

/** The figures of a file's text, newest first; null: it is not ours, another version's, or damaged. Pure. */
export function parseKept(content: string): readonly SpeedFigures[] | null {
  try {
    const found = whole.safeParse(JSON.parse(content));
    return found.success ? found.data.measured : null;
  } catch {
    return null;
  }
}

/** The file's text with new figures in the place of those of the same station and destination. Pure. */
export function keptText(before: readonly SpeedFigures[], now: SpeedFigures): string {
  const others = before.filter(
    ({ station, destination }) => !sameStation(station, now.station) || !sameFileSystem(destination, now.destination),
  );
  const measured = [now, ...others].slice(0, MOST);
  return `${JSON.stringify({ format: 'exhibit-speed', version: 1, measured }, null, 2)}\n`;
}

/** The newest of this very station, and of them the newest of this destination. Null: there are none. Pure. */
export function figuresFor(
  kept: readonly SpeedFigures[],
  station: StationIdentity,
  destination: FileSystemIdentity,
): { readonly here: SpeedFigures | null; readonly thereToo: SpeedFigures | null } {
  const here = kept
    .filter((each) => sameStation(each.station, station))
    .sort((a, b) => Date.parse(b.measuredAt) - Date.parse(a.measuredAt));
  return {
    here: here[0] ?? null,
    thereToo: here.find((each) => sameFileSystem(each.destination, destination)) ?? null,
  };
}
