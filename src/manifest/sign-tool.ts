import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { CommandResult } from '../system/run-command.ts';
import { runGiven } from './given-files.ts';

/**
 * What ssh-keygen said of a signature. `refused`: it ran and said no. `unclear`: it did not run, did not finish, or
 * its exit status and its words do not fit together.
 */
export type ToolVerdict =
  | { readonly kind: 'good'; readonly fingerprint: string }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'unclear'; readonly words: string };

interface SignatureQuestion {
  readonly namespace: string;
  /** The armour. */
  readonly signature: string | Uint8Array;
  readonly data: Uint8Array;
}

export interface SignerQuestion extends SignatureQuestion {
  /** An allowed-signers file's content. */
  readonly signers: string | Uint8Array;
  readonly principal: string;
  /** Judge the key's validity at this time (UTC, milliseconds), not now. */
  readonly atMs?: number | undefined;
}

const CHECK_TIMEOUT_MS = 60_000;

/** `ssh-keygen -Y check-novalidate`: the bytes are those that the key inside the signature signed, whoever that is. */
export async function checkIntegrity(ports: Ports, question: SignatureQuestion): Promise<ToolVerdict> {
  const { namespace, signature, data } = question;
  const result = await runGiven(
    ports,
    [{ name: 'signature', content: signature }],
    ([file = '']) => ['ssh-keygen', '-Y', 'check-novalidate', '-n', namespace, '-s', file],
    { input: data, timeoutMs: CHECK_TIMEOUT_MS },
  );
  return judge(result, namespace);
}

/** `ssh-keygen -Y verify`: the same, and the signers file lists that key for this principal and namespace. */
export async function verifySigner(ports: Ports, question: SignerQuestion): Promise<ToolVerdict> {
  const { namespace, signers, principal, signature, data, atMs } = question;
  const result = await runGiven(
    ports,
    [
      { name: 'signers', content: signers },
      { name: 'signature', content: signature },
    ],
    ([list = '', file = '']) => [
      ...['ssh-keygen', '-Y', 'verify', ...verifyTime(atMs), '-f', list, '-I', principal],
      ...['-n', namespace, '-s', file],
    ],
    { input: data, timeoutMs: CHECK_TIMEOUT_MS },
  );
  return judge(result, namespace);
}

/** `ssh-keygen -Y find-principals`: the principals, or patterns, of the first line that lists the signature's key. It does not look at namespaces. */
export async function findPrincipals(
  ports: Ports,
  { signers, signature, atMs }: Pick<SignerQuestion, 'signers' | 'signature' | 'atMs'>,
): Promise<{ ran: boolean; principals: string[]; words: string }> {
  const result = await runGiven(
    ports,
    [
      { name: 'signers', content: signers },
      { name: 'signature', content: signature },
    ],
    ([list = '', file = '']) => [
      ...['ssh-keygen', '-Y', 'find-principals', ...verifyTime(atMs), '-f', list, '-s', file],
    ],
    { timeoutMs: CHECK_TIMEOUT_MS },
  );
  const principals = result.exit === 0 ? result.stdout.split('\n').filter((line) => line !== '') : [];
  const said = `${result.stdout}${result.stderr}`.includes('No principal matched');
  return { ran: result.exit === 0 || (said && !sawNothing(result)), principals, words: wordsOf(result) };
}

function verifyTime(atMs: number | undefined): string[] {
  if (atMs === undefined) return [];
  const digits = new Date(atMs).toISOString().slice(0, 19).replace(/[-:T]/g, '');
  return [`-Overify-time=${digits}Z`];
}

/**
 * Exit status and words must agree: `Good "NAMESPACE" signature for … with TYPE key SHA256:…` and 0, or
 * `Could not verify signature.` and not 0. ssh-keygen gives 255 for many reasons that say nothing of the signature
 * (no such user, an option it does not know).
 */
function judge(result: CommandResult, namespace: string): ToolVerdict {
  const good = /^Good "([^"]+)" signature (?:for [^\n]* )?with \S+ key (SHA256:[A-Za-z0-9+/]{43})\n$/.exec(
    result.stdout,
  );
  if (result.exit === 0 && good?.[1] === namespace) return { kind: 'good', fingerprint: good[2] ?? '' };
  const failed = result.exit !== null && result.exit !== 0 && result.stdout === 'Could not verify signature.\n';
  const refused = failed && !sawNothing(result);
  return { kind: refused ? 'refused' : 'unclear', words: wordsOf(result) };
}

/** ssh-keygen has the same last words for a signature that is bad and for a file that it can't open: the latter says nothing of either. */
function sawNothing({ stderr }: CommandResult): boolean {
  return /^(Couldn't read signature file|Unable to open allowed keys file)/m.test(stderr);
}

/** What a command said, or why it said nothing: one line, escaped. */
export function wordsOf(result: CommandResult): string {
  const tool = result.argv[0] ?? '';
  if (result.failure === 'missing') return `${tool} is not installed`;
  if (result.failure === 'timeout') return `${tool} did not finish in time`;
  if (result.failure !== null) return `${tool} was ended: ${result.failure}`;
  if (result.signal !== null) return `${tool} was killed by ${result.signal}`;
  const lines = `${result.stderr}\n${result.stdout}`.split(/\r?\n/).map((line) => line.trim());
  const said = lines.filter((line) => line !== '' && !line.startsWith('Signing data')).map(visible);
  return said.length === 0 ? `${tool} ended with status ${String(result.exit)} and said nothing` : said.join('; ');
}

/** A program that signing needs must be there. */
export function requireTool(ports: Ports, name: string): void {
  if (ports.commands.which(name) !== null) return;
  throw new ExhibitError('signature', 'keys.no-tool', `${name} is not installed.`, {
    hint: 'Install the OpenSSH client (Debian: openssh-client), or use --unsigned.',
  });
}
