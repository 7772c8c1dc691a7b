import { formatAllowedSigners } from '../../manifest/allowed-signers.ts';
import { initKey } from '../../manifest/keys-init.ts';
import { findSigningKey, type KeyChoice } from '../../manifest/keys.ts';
import { visible } from '../../model/text.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';

export async function keysInitCommand(
  env: Env,
  options: { name: string; key?: string; passphrase: boolean },
): Promise<ExitCode> {
  const output = new Output(env, false);
  const key = await initKey(env.ports, {
    name: options.name,
    passphrase: options.passphrase ? 'ask' : 'none',
    ...(options.key === undefined ? {} : { path: options.key }),
  });
  output.say(describe(key));
  output.say('Give this line to whoever will verify your images, some way other than with the images:');
  output.result({}, formatAllowedSigners(key.principal, key.publicKey).trimEnd());
  return EXIT.done;
}

export async function keysShowCommand(env: Env, options: { key?: string; json?: boolean }): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const key = await findSigningKey(env.ports, options.key ?? null);
  const line = formatAllowedSigners(key.principal, key.publicKey).trimEnd();
  output.say(describe(key));
  output.result({ ok: true, exit: EXIT.done, ...key, allowedSigners: line }, line);
  return EXIT.done;
}

function describe(key: KeyChoice): string {
  return [
    `Key          ${visible(key.path)}`,
    `Name         ${visible(key.principal)}`,
    `Fingerprint  ${key.fingerprint}`,
    `Type         ${key.keyType}${key.locked ? ', locked with a passphrase' : ''}${key.hardware ? ', in a hardware key' : ''}`,
  ].join('\n');
}
