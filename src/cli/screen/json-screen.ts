import { safeJson } from '../../model/text.ts';
import type { Clock } from '../../system/clock.ts';
import { utc } from '../../system/clock.ts';
import { snakeKeys } from '../snake-keys.ts';
import type { Screen } from './screen.ts';

const PROGRESS_EVERY_MS = 1000;

/** For programs: every event as one JSON object a line, progress at most once a second and at the end of a stage. */
export function jsonScreen(out: (line: string) => void, clock: Clock): Screen {
  let lastProgress = -PROGRESS_EVERY_MS;
  return {
    emit: (event) => {
      if (event.type === 'progress') {
        if (event.done < event.total && clock.monotonicMs() - lastProgress < PROGRESS_EVERY_MS) return;
        lastProgress = clock.monotonicMs();
      }
      out(safeJson({ at: utc(clock.wallMs()), ...(snakeKeys(event) as object) }));
    },
    stop: () => Promise.resolve(),
  };
}
