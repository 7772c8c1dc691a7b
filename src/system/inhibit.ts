import type { Ports } from './ports.ts';

/** A promise by systemd that the machine will not go to sleep. `state` is a sentence for the record. */
export interface SleepInhibitor {
  readonly state: string;
  release(): void;
}

/**
 * Holds a systemd sleep inhibitor where there is one: `systemd-inhibit` keeps it for as long as the `cat` below it
 * lives, and that dies with us.
 */
export async function inhibitSleep(ports: Ports, why: string): Promise<SleepInhibitor> {
  const nothing = (state: string): SleepInhibitor => ({ state, release: () => undefined });
  if (ports.commands.which('systemd-inhibit') === null)
    return nothing('not inhibited: systemd-inhibit is not installed');
  if ((await ports.files.statOrNull(`${ports.root}/run/systemd/system`)) === null) {
    return nothing('not inhibited: systemd does not run here');
  }
  const child = ports.commands.stream(
    ['systemd-inhibit', '--what=sleep:idle:handle-lid-switch', '--mode=block', '--who=exhibit', `--why=${why}`, 'cat'],
    { pipeStdin: true },
  );
  child.stdin?.on('error', () => undefined);
  child.stdout.resume();
  const early = await Promise.race([child.done, ports.clock.sleep(300).then(() => null)]);
  if (early !== null)
    return nothing(`not inhibited: systemd-inhibit ended with status ${early.exit ?? early.signal ?? 'unknown'}`);
  return {
    state: 'inhibited by systemd-inhibit (sleep, idle, lid switch)',
    release: () => {
      child.stdin?.end();
      child.kill();
    },
  };
}
