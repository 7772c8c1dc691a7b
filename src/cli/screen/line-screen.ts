import type { Event, Stage } from '../../model/event.ts';
import { visible } from '../../model/text.ts';
import type { Clock } from '../../system/clock.ts';
import { Meter, readingLines } from './meter.ts';
import { STAGE_TITLES, type Screen } from './screen.ts';

const LINE_EVERY_MS = 3000;

/** For pipes and logs: a line when a stage or a pass begins or ends, and one every few seconds in between. */
export function lineScreen(say: (line: string) => void, clock: Clock, sector: number): Screen {
  const meters = new Map<Stage, Meter>();
  let lastLine = clock.monotonicMs();
  let lastPass: string | undefined;
  const show = (event: Event): void => {
    switch (event.type) {
      case 'stage':
        say(
          `${STAGE_TITLES[event.stage]}: ${event.status}${event.detail === undefined ? '' : ` (${visible(event.detail)})`}`,
        );
        break;
      case 'progress': {
        const meter = meters.get(event.stage) ?? new Meter(event.total, event.done);
        meters.set(event.stage, meter);
        meter.advanceTo(event.done);
        const otherPass = event.rescue?.pass !== lastPass;
        lastPass = event.rescue?.pass;
        if (!otherPass && clock.monotonicMs() - lastLine < LINE_EVERY_MS) break;
        lastLine = clock.monotonicMs();
        say(`${STAGE_TITLES[event.stage]}: ${readingLines(meter.reading, event, sector).join('  ')}`);
        break;
      }
      case 'map':
        // Rows of letters by the thousand help nobody; the last words have the map once.
        break;
      case 'invitation':
        // Exact: it is typed as it stands.
        event.text.forEach(say);
        break;
      case 'note':
        say(`${event.level}: ${visible(event.message)}`);
        break;
    }
  };
  return { emit: show, stop: () => Promise.resolve() };
}
