import type { Ports } from '../system/ports.ts';
import type { StreamedCommand, StreamOptions } from '../system/run-command.ts';
import type { ConnectOrder } from './connect.ts';

/** As the person whose keys, agent and configuration are meant; it may ask nobody, and a jump host's `ssh` neither. */
export function asPerson({ caller, agentSocket }: ConnectOrder['person']) {
  const agent = agentSocket === null ? {} : { SSH_AUTH_SOCK: agentSocket };
  return { as: caller?.as ?? [], env: { ...caller?.env, ...agent, SSH_ASKPASS_REQUIRE: 'never' } };
}

/** One `ssh` of that person. */
export function startSsh(
  ports: Ports,
  { person }: ConnectOrder,
  argv: readonly string[],
  options: Pick<StreamOptions, 'pipeStdin' | 'pipeStderr' | 'keepUnread'>,
): StreamedCommand {
  const { as, env } = asPerson(person);
  return ports.commands.stream([...as, 'ssh', ...argv], { ...options, env });
}

/** The words of `-o` for each. What stands on the command line stands above every configuration. */
export function given(options: readonly string[]): string[] {
  return options.flatMap((option) => ['-o', option]);
}

export function target({ address: { user, host, port } }: ConnectOrder): string[] {
  return [...(user === null ? [] : ['-l', user]), ...(port === null ? [] : ['-p', String(port)]), '--', host];
}
