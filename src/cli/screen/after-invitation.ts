import type { Event } from '../../model/event.ts';
import type { Screen } from './screen.ts';

/**
 * A screen for a disk that is waited for: in lines until a stream is let in, so that nothing is drawn over the command
 * that is to be typed; live from then on.
 * @param later makes the live one; it is told of the stages that have begun
 */
export function afterInvitation(lines: Screen, later: () => Screen): Screen {
  let live: Screen | null = null;
  const begun: Event[] = [];
  return {
    emit: (event) => {
      if (live !== null) {
        live.emit(event);
        return;
      }
      lines.emit(event);
      if (event.type === 'stage') begun.push(event);
      if (event.type !== 'note' || event.code !== 'listen.admitted') return;
      live = later();
      for (const each of begun) live.emit(each);
    },
    stop: (failed) => (live ?? lines).stop(failed),
  };
}
