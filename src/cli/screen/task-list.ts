import {
  Listr,
  type ListrDefaultRendererLogLevels,
  ListrLogger,
  ProcessOutput,
  type ListrTaskWrapper,
  type DefaultRenderer,
  type SimpleRenderer,
} from 'listr2';
import { deferred, type Deferred } from '../../model/deferred.ts';
import type { Event, Stage } from '../../model/event.ts';
import { visible } from '../../model/text.ts';
import { Meter, readingLine } from './meter.ts';
import { STAGE_TITLES, type Screen } from './screen.ts';

type Task = ListrTaskWrapper<object, typeof DefaultRenderer, typeof SimpleRenderer>;
type Ending = 'done' | 'skipped' | 'failed';

interface StageState {
  readonly ended: Deferred<{ ending: Ending; detail: string | undefined }>;
  readonly started: Deferred<Task>;
  task: Task | null;
  meter: Meter | null;
}

/** The live task list for a terminal, by listr2. It listens to events only; it runs nothing itself. */
export function taskListScreen(display: NodeJS.WriteStream, stages: readonly Stage[], sector: number): Screen {
  const states = new Map(stages.map((stage) => [stage, newState()]));
  const list = new Listr(
    stages.map((stage) => ({
      title: STAGE_TITLES[stage],
      task: async (_context: object, task: Task) => play(stage, task, states.get(stage)),
    })),
    {
      concurrent: false,
      exitOnError: true,
      // listr2 would call process.exit at Ctrl-C, in the middle of writing evidence.
      registerSignalListeners: false,
      rendererOptions: {
        collapseErrors: false,
        showErrorMessage: false,
        logger: new ListrLogger<ListrDefaultRendererLogLevels>({ processOutput: new ProcessOutput(display, display) }),
      },
    },
  );
  const running = list.run().catch(() => undefined);
  return {
    emit: (event) => {
      show(event, states, sector);
    },
    async stop(failed) {
      for (const state of states.values())
        state.ended.resolve({ ending: failed ? 'failed' : 'skipped', detail: undefined });
      await running;
    },
  };
}

function newState(): StageState {
  return { ended: deferred(), started: deferred(), task: null, meter: null };
}

async function play(stage: Stage, task: Task, state: StageState | undefined): Promise<void> {
  if (state === undefined) return;
  state.task = task;
  const { ending, detail } = await state.ended.promise;
  const title = detail === undefined ? STAGE_TITLES[stage] : `${STAGE_TITLES[stage]}: ${visible(detail)}`;
  task.title = title;
  if (ending === 'skipped') task.skip(title);
  if (ending === 'failed') throw new Error(title);
}

function show(event: Event, states: ReadonlyMap<Stage, StageState>, sector: number): void {
  switch (event.type) {
    case 'stage':
      if (event.status !== 'start')
        states.get(event.stage)?.ended.resolve({ ending: event.status, detail: event.detail });
      break;
    case 'progress': {
      const state = states.get(event.stage);
      if (state === undefined) break;
      state.meter ??= new Meter(event.total);
      state.meter.advanceTo(event.done);
      if (state.task !== null) state.task.output = readingLine(state.meter.reading, event.unreadable, sector);
      break;
    }
    case 'note':
      // Notes stand in the report and the manifest; warnings were shown with the plan.
      break;
  }
}
