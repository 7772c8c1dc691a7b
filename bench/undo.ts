import type { ChildProcess } from 'node:child_process';

/** What a run made outside its folder, and is taken away again however it ends. */
const steps = new Set<() => void>();

process.on('exit', () => {
  for (const step of [...steps].reverse()) step();
});

/** Has `step` done once: when what is given is called, or when this program ends. One that fails is said, and holds up nothing. */
export function undone(step: () => void): () => void {
  const once = (): void => {
    if (!steps.delete(once)) return;
    try {
      step();
    } catch (error) {
      console.error(`Not taken away: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  steps.add(once);
  return once;
}

/** Has a child killed when this program ends before it. exhibit takes its own helpers with it. */
export function endsWithUs(child: ChildProcess): void {
  // Node kills nobody who has ended: the number may be another's by then.
  const end = undone(() => {
    child.kill('SIGKILL');
  });
  child.once('exit', end);
}
