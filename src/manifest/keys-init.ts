import { dirname } from 'node:path';
import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { sshEnvironment } from './agent.ts';
import { nameRefusal, principalFault } from './allowed-signers.ts';
import { asCaller } from './keys-caller.ts';
import { defaultKeyPath, findSigningKey, type KeyChoice } from './keys.ts';
import { requireTool, wordsOf } from './sign-tool.ts';

const TIMEOUT_MS = 30_000;

export interface NewKey {
  readonly name: string;
  /** Where; the default place when left out. */
  readonly path?: string;
  /** `ask`: ssh-keygen asks on the terminal. `none`: no passphrase. */
  readonly passphrase: 'ask' | 'none';
}

/**
 * `exhibit keys init`: a new Ed25519 key. Never overwrites. Under sudo everything is made **as** the caller, not made
 * by root and given away: root writing below somebody's home could be led elsewhere by a symbolic link.
 * The result's `locked` tells whether a passphrase was really set.
 */
export async function initKey(ports: Ports, request: NewKey): Promise<KeyChoice> {
  const fault = principalFault(request.name);
  if (fault !== null) throw nameRefusal(request.name, fault, 'Use the plain name of the person: --name "Ann Lee".');
  requireTool(ports, 'ssh-keygen');
  const path = request.path ?? (await defaultKeyPath(ports));
  await refuseExisting(ports, path);
  const as = await asCaller(ports);
  await makeKeyFolder(ports, as, dirname(path), request.path === undefined);
  const argv = [...as, 'ssh-keygen', '-q', '-t', 'ed25519', '-C', request.name, '-f', path];
  const env = sshEnvironment(ports, null);
  const made =
    request.passphrase === 'ask'
      ? await ports.commands.run(argv, { env, interactive: true })
      : await ports.commands.run([...argv, '-N', ''], { env, timeoutMs: TIMEOUT_MS });
  if (made.exit !== 0) throw notMade(path, wordsOf(made));
  return findSigningKey(ports, path);
}

async function refuseExisting(ports: Ports, path: string): Promise<void> {
  for (const name of [path, `${path}.pub`]) {
    const there = await ports.files.lstat(name).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return null;
      throw notMade(path, visible(messageOf(error)));
    });
    if (there === null) continue;
    throw new ExhibitError('destination', 'keys.exists', `${visible(name)} exists; keys are never overwritten.`, {
      hint: 'Use it as it is (exhibit keys show), or move it away first. What it signed stays valid only as long as its public half is known.',
    });
  }
}

async function makeKeyFolder(ports: Ports, as: readonly string[], folder: string, ours: boolean): Promise<void> {
  const there = await ports.files.statOrNull(folder);
  // A folder that the person named and that exists keeps its mode; ours is closed to others, also when it exists.
  if (there !== null && !ours) return;
  const made = await ports.commands.run([...as, 'install', '-d', '-m', '0700', '--', folder], {
    timeoutMs: TIMEOUT_MS,
  });
  if (made.exit !== 0) throw notMade(folder, wordsOf(made));
}

function notMade(path: string, why: string): ExhibitError {
  return new ExhibitError('destination', 'keys.not-made', `The key ${visible(path)} could not be made: ${why}.`, {
    hint: 'A key can also be made by hand: ssh-keygen -t ed25519 -C "Your Name" -f FILE; then use --key FILE.',
  });
}
