import type { Stage } from '../../model/event.ts';
import type { Env } from '../env.ts';
import type { Output } from '../output.ts';
import { jsonScreen } from './json-screen.ts';
import { lineScreen } from './line-screen.ts';
import type { Screen } from './screen.ts';
import { taskListScreen } from './task-list.ts';

/** The job that is to be shown: bytes of a logical sector, and seconds that it waits for a disk that was pulled out. */
export interface ShownJob {
  readonly stages: readonly Stage[];
  readonly sector: number;
  readonly waitForDevice: number;
}

/** A live task list on a terminal, lines elsewhere, JSON where it was asked for. */
export function makeScreen(env: Env, output: Output, { stages, sector, waitForDevice }: ShownJob): Screen {
  const { clock } = env.ports;
  const { display, columns, colours } = env.terminal;
  if (output.json)
    return jsonScreen((line) => {
      env.terminal.out(line);
    }, clock);
  if (display !== null)
    return taskListScreen(display, stages, { clock, sector, columns, coloured: colours.display, waitForDevice });
  return lineScreen(
    (line) => {
      output.say(line);
    },
    clock,
    sector,
  );
}
