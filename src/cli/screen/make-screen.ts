import type { Stage } from '../../model/event.ts';
import type { Env } from '../env.ts';
import type { Output } from '../output.ts';
import { jsonScreen } from './json-screen.ts';
import { lineScreen } from './line-screen.ts';
import type { Screen } from './screen.ts';
import { taskListScreen } from './task-list.ts';

/** A live task list on a terminal, lines elsewhere, JSON where it was asked for. */
export function makeScreen(env: Env, output: Output, stages: readonly Stage[], sector: number): Screen {
  const { clock } = env.ports;
  if (output.json)
    return jsonScreen((line) => {
      env.terminal.out(line);
    }, clock);
  if (env.terminal.display !== null) return taskListScreen(env.terminal.display, stages, sector);
  return lineScreen(
    (line) => {
      output.say(line);
    },
    clock,
    sector,
  );
}
