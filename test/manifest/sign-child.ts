/**
 * Opens a signer with an agent of its own, prints `ready`, and stays, so that a test can kill it.
 * Arguments: key file. The environment brings SSH_ASKPASS.
 */
import { findSigningKey } from '../../src/manifest/keys.ts';
import { openSigner } from '../../src/manifest/sign.ts';
import { NOW, signPorts } from './sign-support.ts';

const env = Object.fromEntries(
  ['SSH_ASKPASS', 'SSH_ASKPASS_REQUIRE', 'HOME'].map((name) => [name, process.env[name] ?? '']),
);
const ports = signPorts(env);
await openSigner(ports, await findSigningKey(ports, process.argv[2] ?? ''), { interactive: true, now: NOW });
process.stdout.write('ready\n');
setInterval(() => undefined, 1000);
