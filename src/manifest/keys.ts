import { basename, join } from 'node:path';
import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { shellQuote, visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { nameRefusal, principalFault } from './allowed-signers.ts';
import { findCaller } from './keys-caller.ts';
import { fingerprintOf, isHardwareType, parseKeyBlob } from './sign-blob.ts';
import { requireTool, wordsOf } from './sign-tool.ts';

/** The key that is to sign. */
export interface KeyChoice {
  /** A private key file; or a public one, whose private half an agent must hold. */
  readonly path: string;
  readonly half: 'private' | 'public';
  /** The comment of the public key: the name that allowed_signers gives to the signer. */
  readonly principal: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  readonly keyType: string;
  /** `type base64`, without comment. */
  readonly publicKey: string;
  /** True when the private key file is locked with a passphrase. */
  readonly locked: boolean;
  /** True when the private half lives in a FIDO device, which waits for a touch. */
  readonly hardware: boolean;
}

const KEY_LIMIT = 65_536;
const TIMEOUT_MS = 30_000;

/** Where `exhibit keys init` puts the key, and where it is looked for: `<config>/exhibit/signing-key` of the caller. */
export async function defaultKeyPath(ports: Ports): Promise<string> {
  return join((await findCaller(ports)).configFolder, 'exhibit', 'signing-key');
}

/**
 * The key of `--key FILE`, or the default one. Reads files and asks ssh-keygen; asks nobody for a passphrase.
 * Throws `keys.missing`, `keys.unreadable`, `keys.pair` (two halves of different keys), `keys.name`.
 */
export async function findSigningKey(ports: Ports, keyPath: string | null): Promise<KeyChoice> {
  requireTool(ports, 'ssh-keygen');
  const path = keyPath ?? (await defaultKeyPath(ports));
  const text = await readKeyFile(ports, path);
  if (text === null) {
    // The default key may live in an agent or a device; then only its public half lies there.
    const publicOnly = keyPath === null ? await readKeyFile(ports, `${path}.pub`) : null;
    if (publicOnly === null) throw missingKey(path, keyPath !== null);
    return describe(parsePublicKey(publicOnly, `${path}.pub`), `${path}.pub`, 'public', false);
  }
  if (!text.startsWith('-----BEGIN ')) return describe(parsePublicKey(text, path), path, 'public', false);
  return describePrivate(ports, path);
}

async function describePrivate(ports: Ports, path: string): Promise<KeyChoice> {
  const beside = await readKeyFile(ports, `${path}.pub`);
  const derived = await ports.commands.run(['ssh-keygen', '-y', '-P', '', '-f', path], { timeoutMs: TIMEOUT_MS });
  const locked = derived.exit !== 0 && derived.stderr.includes('incorrect passphrase');
  if (derived.exit !== 0 && !locked) throw unreadable(path, wordsOf(derived));
  if (beside === null) {
    if (!locked) return describe(parsePublicKey(derived.stdout, path), path, 'private', false);
    throw new ExhibitError('usage', 'keys.pair', `${visible(path)}.pub, the public half of the key, is missing.`, {
      hint: `Make it: ssh-keygen -y -f ${shellQuote(path)} > ${shellQuote(`${path}.pub`)}`,
    });
  }
  const half = parsePublicKey(beside, `${path}.pub`);
  if (!locked && parsePublicKey(derived.stdout, path).publicKey !== half.publicKey) {
    throw new ExhibitError('usage', 'keys.pair', `${visible(path)}.pub is not the public half of ${visible(path)}.`, {
      hint: `Make it anew: ssh-keygen -y -f ${shellQuote(path)} > ${shellQuote(`${path}.pub`)}`,
    });
  }
  return describe(half, path, 'private', locked);
}

interface PublicHalf {
  readonly keyType: string;
  readonly publicKey: string;
  readonly comment: string;
}

/** One line of a public key file: `type base64 comment`. */
function parsePublicKey(text: string, path: string): PublicHalf {
  const [, type = '', base64 = '', comment = ''] =
    /^(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+([^\r\n]*))?\r?\n?$/.exec(text) ?? [];
  if (type === '') throw unreadable(path, 'it holds neither a private key nor one line with a public key');
  const key = parseKeyBlob(Buffer.from(base64, 'base64'));
  if ('fault' in key) throw unreadable(path, key.fault);
  if (key.keyType !== type) throw unreadable(path, `the line says ${visible(type)}, the key inside is ${key.keyType}`);
  return { keyType: type, publicKey: `${type} ${base64}`, comment: comment.trim() };
}

function describe(half: PublicHalf, path: string, which: 'private' | 'public', locked: boolean): KeyChoice {
  const fault = principalFault(half.comment);
  if (fault !== null) {
    const change =
      which === 'private'
        ? `ssh-keygen -c -C "Your Name" -f ${shellQuote(path)}`
        : `change the comment at the end of ${visible(path)}`;
    throw nameRefusal(half.comment, fault, `The key's comment names the signer. Give it one: ${change}`);
  }
  return {
    path,
    half: which,
    principal: half.comment,
    fingerprint: fingerprintOf(Buffer.from(half.publicKey.split(' ')[1] ?? '', 'base64')),
    keyType: half.keyType,
    publicKey: half.publicKey,
    locked,
    hardware: isHardwareType(half.keyType),
  };
}

/** Null when there is nothing of that name. */
async function readKeyFile(ports: Ports, path: string): Promise<string | null> {
  try {
    return await ports.files.readText(path, KEY_LIMIT);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw unreadable(path, visible(messageOf(error)), error);
  }
}

function missingKey(path: string, asked: boolean): ExhibitError {
  const what = asked
    ? `There is no key file ${visible(path)}.`
    : `There is no signing key: ${visible(path)} does not exist.`;
  return new ExhibitError('usage', 'keys.missing', what, {
    hint: 'Make one: exhibit keys init --name "Your Name". Or name one: --key FILE. Or acquire without a signature: --unsigned.',
  });
}

/** @param why already escaped */
function unreadable(path: string, why: string, cause?: unknown): ExhibitError {
  return new ExhibitError('usage', 'keys.unreadable', `${visible(path)} can't be used as a key: ${why}.`, {
    hint: `--key takes an OpenSSH private key, or the ${visible(basename(path))}.pub of one that an agent holds.`,
    cause,
  });
}
