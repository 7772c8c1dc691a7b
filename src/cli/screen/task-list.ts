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
import type { Stage } from '../../model/event.ts';
import { visible } from '../../model/text.ts';
import { LiveText, type LiveLook } from './live-text.ts';
import { STAGE_TITLES, type Screen } from './screen.ts';

type Task = ListrTaskWrapper<object, typeof DefaultRenderer, typeof SimpleRenderer>;
type Ending = 'done' | 'skipped' | 'failed';

interface StageState {
  readonly ended: Deferred<{ ending: Ending; detail: string | undefined }>;
  readonly started: Deferred<Task>;
  task: Task | null;
}

/** The live task list for a terminal, by listr2. It listens to events only; it runs nothing itself. */
export function taskListScreen(display: NodeJS.WriteStream, stages: readonly Stage[], look: LiveLook): Screen {
  const ended = new AbortController();
  const live = new LiveText(look);
  let now: Stage | undefined;
  const draw = (): void => {
    const task = now === undefined ? null : states.get(now)?.task;
    if (task !== null && task !== undefined && live.lines.length > 0) task.output = live.lines.join('\n');
  };
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
      if (event.type === 'stage' && event.status !== 'start')
        states.get(event.stage)?.ended.resolve({ ending: event.status, detail: event.detail });
      if (event.type === 'stage' && event.status === 'start') now = event.stage;
      if (live.see(event)) void countDown(live, look, draw, ended.signal);
      if (event.type !== 'stage') draw();
    },
    async stop(failed) {
      ended.abort();
      for (const state of states.values())
        state.ended.resolve({ ending: failed ? 'failed' : 'skipped', detail: undefined });
      await running;
    },
  };
}

function newState(): StageState {
  return { ended: deferred(), started: deferred(), task: null };
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

/** While a disk is waited for, nothing else moves. */
async function countDown(live: LiveText, { clock }: LiveLook, draw: () => void, ended: AbortSignal): Promise<void> {
  while (live.waiting && !ended.aborted) {
    draw();
    await clock.sleep(1000, ended);
  }
}
