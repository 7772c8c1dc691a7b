import type { Stage } from '../../model/event.ts';
import type { Env } from '../env.ts';
import type { Output } from '../output.ts';
import { afterInvitation } from './after-invitation.ts';
import { jsonScreen } from './json-screen.ts';
import { lineScreen } from './line-screen.ts';
import type { Screen } from './screen.ts';
import { taskListScreen } from './task-list.ts';

/** The job that is to be shown: bytes of a logical sector, and seconds that it waits for a disk that was pulled out. */
export interface ShownJob {
  readonly stages: readonly Stage[];
  readonly sector: number;
  readonly waitForDevice: number;
  /** A command is to be typed on another machine before anything comes. */
  readonly awaited?: boolean;
}

/** A live task list on a terminal, lines elsewhere, JSON where it was asked for. */
export function makeScreen(env: Env, output: Output, { stages, sector, waitForDevice, awaited }: ShownJob): Screen {
  const { clock } = env.ports;
  const { display, columns, colours } = env.terminal;
  const say = (line: string): void => {
    output.say(line);
  };
  if (output.json) {
    const screen = jsonScreen((line) => {
      env.terminal.out(line);
    }, clock);
    return {
      ...screen,
      emit: (event) => {
        screen.emit(event);
        // Whoever types it reads it there.
        if (event.type === 'invitation') event.text.forEach(say);
      },
    };
  }
  const inLines = (): Screen => lineScreen(say, clock, sector);
  if (display === null) return inLines();
  const look = { clock, sector, columns, coloured: colours.display, waitForDevice };
  const live = (): Screen => taskListScreen(display, stages, look);
  return awaited === true ? afterInvitation(inLines(), live) : live();
}
