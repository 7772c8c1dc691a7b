import { basename, join } from 'node:path';
import { ExhibitError, messageOf } from '../model/errors.ts';
import { shellQuote, visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { CommandResult, RunOptions } from '../system/run-command.ts';
import { sshEnvironment } from './agent.ts';
import { formatAllowedSigners, type SignatureNamespace } from './allowed-signers.ts';
import { parseArmour } from './armour.ts';
import { runGiven } from './given-files.ts';
import type { KeyChoice } from './keys.ts';
import { findHolder, type Holder } from './sign-holder.ts';
import { verifySigner, wordsOf } from './sign-tool.ts';

/** A key that has proved that it signs. */
export interface Signer {
  readonly principal: string;
  readonly fingerprint: string;
  readonly keyType: string;
  /** `type base64`, without comment. */
  readonly publicKey: string;
  /** SSHSIG armour over exactly these bytes, verified by ssh-keygen before it is handed out. Throws `keys.sign-failed`. */
  sign(bytes: Uint8Array, namespace: SignatureNamespace): Promise<string>;
  /** Ends the agent that was started for this signer, if any. */
  close(): Promise<void>;
}

export interface SignerOptions {
  /** A person sits at the terminal and can be asked for a passphrase or a PIN. */
  readonly interactive: boolean;
  /** UTC, milliseconds. */
  readonly now: number;
  /** Told what the person has to do now, such as touching the key. */
  readonly notify?: (message: string) => void;
  /** How long one signature may take (default 60 s: a person must find and touch the key). */
  readonly timeoutMs?: number;
}

const SIGN_TIMEOUT_MS = 60_000;
const TRIAL_NAMESPACE = 'exhibit-trial';

/**
 * Makes the key ready for the end of the job: finds the agent that holds it or unlocks it into one of our own, and
 * signs and verifies a trial, so that nobody learns after nine hours that the key can't sign.
 * Throws `keys.locked`, `keys.not-in-agent`, `keys.passphrase`, `keys.agent`, `keys.trial-failed` (all fault `signature`).
 */
export async function openSigner(ports: Ports, key: KeyChoice, options: SignerOptions): Promise<Signer> {
  const holder = await findHolder(ports, key, options.interactive);
  const signer: Signer = {
    principal: key.principal,
    fingerprint: key.fingerprint,
    keyType: key.keyType,
    publicKey: key.publicKey,
    sign: (bytes, namespace) =>
      makeSignature({ ports, key, holder, options, code: 'keys.sign-failed' }, bytes, namespace),
    close: async () => holder.own?.close(),
  };
  try {
    const trial = Buffer.from(`exhibit trial ${options.now} ${ports.host.pid} ${ports.clock.monotonicMs()}\n`);
    await makeSignature({ ports, key, holder, options, code: 'keys.trial-failed' }, trial, TRIAL_NAMESPACE);
    return signer;
  } catch (error) {
    await signer.close();
    throw error;
  }
}

interface Signing {
  readonly ports: Ports;
  readonly key: KeyChoice;
  readonly holder: Holder;
  readonly options: SignerOptions;
  readonly code: 'keys.trial-failed' | 'keys.sign-failed';
}

async function makeSignature(job: Signing, bytes: Uint8Array, namespace: string): Promise<string> {
  if (job.key.hardware)
    job.options.notify?.(`Touch the key ${job.key.fingerprint} (${job.key.principal}) when it blinks.`);
  const armour = await (job.key.hardware ? signFile(job, bytes, namespace) : signInput(job, bytes, namespace));
  await verifyOwn(job, bytes, namespace, armour);
  return armour;
}

/** Through pipes: no file is made, so none is left however we end. */
async function signInput(job: Signing, bytes: Uint8Array, namespace: string): Promise<string> {
  const made = await runSign(job, namespace, [], { input: bytes });
  if (made.stdout === '') throw signFault(job, 'ssh-keygen gave no signature');
  return made.stdout;
}

/**
 * A hardware key signs a file, and never standard input: what ssh-keygen finds there it would take for the key's PIN,
 * and a few wrong PINs block the key. The signature appears beside the file, so that it needs a folder; killed just
 * then, we leave that folder, with a copy of what lies in the evidence folder.
 */
async function signFile(job: Signing, bytes: Uint8Array, namespace: string): Promise<string> {
  const { files } = job.ports;
  const folder = await files.makePrivateFolder('exhibit-sign-');
  try {
    const data = join(folder, 'data');
    await files.createFile(data, bytes);
    // Only a hardware key has something to ask by now, its PIN; everything else keeps off the terminal.
    await runSign(job, namespace, [data], job.options.interactive ? { interactive: true } : {});
    return await files.readText(`${data}.sig`).catch((error: unknown) => {
      throw signFault(job, `ssh-keygen gave no signature: ${visible(messageOf(error)).replaceAll(`${folder}/`, '')}`);
    });
  } finally {
    await files.removePrivateFolder(folder);
  }
}

async function runSign(
  job: Signing,
  namespace: string,
  data: readonly string[],
  how: Pick<RunOptions, 'input' | 'interactive'>,
): Promise<CommandResult> {
  const { ports, key, holder, options } = job;
  // Only the public half is given, so that the agent alone can sign.
  const given = holder.socket === null ? [] : [{ name: 'key.pub', content: `${key.publicKey}\n` }];
  const env = sshEnvironment(ports, holder.socket);
  const made = await runGiven(
    ports,
    given,
    ([keyFile = key.path]) => ['ssh-keygen', '-q', '-Y', 'sign', '-f', keyFile, '-n', namespace, ...data],
    {
      ...how,
      env: how.interactive === true ? env : { ...env, SSH_ASKPASS_REQUIRE: 'never' },
      timeoutMs: options.timeoutMs ?? SIGN_TIMEOUT_MS,
    },
  );
  if (made.exit === 0) return made;
  const words = data.reduce((text, path) => text.replaceAll(path, basename(path)), wordsOf(made));
  throw signFault(job, words, made.failure === 'timeout');
}

/** Nothing leaves that ssh-keygen would not accept from a stranger's hand, made by exactly the chosen key. */
async function verifyOwn(job: Signing, bytes: Uint8Array, namespace: string, armour: string): Promise<void> {
  const { ports, key } = job;
  const parsed = parseArmour(Buffer.from(armour));
  if (!parsed.ok) throw signFault(job, `ssh-keygen gave armour that is not canonical: ${parsed.fault}`);
  if (parsed.value.publicKey !== key.publicKey || parsed.value.namespace !== namespace) {
    throw signFault(job, `the signature is by another key (${parsed.value.fingerprint}) or for another namespace`);
  }
  const verdict = await verifySigner(ports, {
    namespace,
    signers: formatAllowedSigners(key.principal, key.publicKey, [namespace]),
    principal: key.principal,
    signature: armour,
    data: bytes,
  });
  if (verdict.kind !== 'good') throw signFault(job, `the signature does not verify: ${verdict.words}`);
  if (verdict.fingerprint !== key.fingerprint)
    throw signFault(job, `ssh-keygen verified another key: ${verdict.fingerprint}`);
}

function signFault(job: Signing, why: string, timedOut = false): ExhibitError {
  const { key, code, holder } = job;
  const what = code === 'keys.trial-failed' ? 'made no valid trial signature' : 'could not sign';
  return new ExhibitError('signature', code, `The key ${visible(key.path)} ${what}: ${why}.`, {
    hint: signHint(key, holder, timedOut),
  });
}

function signHint(key: KeyChoice, holder: Holder, timedOut: boolean): string {
  if (key.hardware) return 'Plug the hardware key in, and touch it when it blinks.';
  if (timedOut && holder.socket !== null)
    return 'The agent does not answer: see whether it waits for a confirmation, or start a new one.';
  return `Try it by hand: ssh-keygen -Y sign -f ${shellQuote(key.path)} -n test FILE. Or choose another key: --key FILE.`;
}
