import type { Ports } from '../system/ports.ts';
import { AGENTS, ASSEMBLERS, type Agent, type Assembler } from './agents.ts';
import { ok, warning, type Examination } from './examination.ts';
import type { ProcessesSeen } from './processes.ts';
import { ruleFile, type RuleFile } from './rule-file.ts';

/** Agents that run; and always how far that can be said. No settings are read: who runs may still be set not to mount. */
export function judgeAgents(seen: ProcessesSeen, agents: readonly Agent[] = AGENTS): Examination[] {
  const running = agents.flatMap((agent) => {
    const ids = agent.processes.flatMap((name) => seen.running.get(name) ?? []);
    const found = `running (process ${ids.join(', ')}): it ${agent.does}`;
    return ids.length === 0 ? [] : [warning(agent.name, found, agent.stop)];
  });
  const count = `${running.length === 0 ? 'none' : running.length} of ${agents.length} known agents`;
  if (seen.blind !== null) {
    const found = `not known who mounts or asks new disks: ${seen.blind}. Seen to run: ${count}`;
    return [
      ...running,
      warning('agents', found, 'Look on the computer itself: ps -e. Plug evidence in behind a blocker.'),
    ];
  }
  if (running.length > 0) return running;
  return [ok('agents', `${count} is running; there may be others`)];
}

/** Rules of other programs, as udev would read them. */
export async function observeAssemblers(ports: Ports): Promise<(readonly [Assembler, RuleFile[]])[]> {
  return Promise.all(
    ASSEMBLERS.map(async (assembler) => {
      const files = await Promise.all(assembler.files.map((name) => ruleFile(ports, name)));
      return [assembler, files] as const;
    }),
  );
}

/** `inPlace`: exhibit's own rules are, and set the properties that others heed. */
export function judgeAssemblers(seen: readonly (readonly [Assembler, RuleFile[]])[], inPlace: boolean): Examination[] {
  const found = seen.flatMap(([assembler, files]) => files.flatMap((file) => judgeAssembler(assembler, file, inPlace)));
  return found.length > 0
    ? found
    : [ok('assembly', `none of ${seen.length} known rules that assemble or mount new disks`)];
}

function judgeAssembler({ name, does, stop, heeds }: Assembler, file: RuleFile, inPlace: boolean): Examination[] {
  if (file.state === 'absent' || file.state === 'masked') return [];
  if (file.state === 'unreadable') return [warning(name, `not known: ${file.path}: ${file.why}`, stop)];
  const asked = heeds !== null && file.content.includes(`ENV{${heeds}}`);
  if (inPlace && asked)
    return [ok(name, `${file.path}: they ${does}, but not those that exhibit's rules keep them off`)];
  return [warning(name, `${file.path}: they ${does}`, stop)];
}
