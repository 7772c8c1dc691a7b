import type { SourceKind } from '../model/source-kind.ts';
import { UsageFaults } from './usage-faults.ts';

/** Options that say how a source is reached or read, and for which kinds of source they can be meant. */
const KINDS = {
  identity: ['--identity', 'ssh'],
  hostKey: ['--host-key', 'ssh'],
  transport: ['--transport', 'ssh'],
  remoteReader: ['--remote-reader', 'ssh'],
  connections: ['--connections', 'ssh'],
  compress: ['--compress', 'ssh'],
  limitRate: ['--limit-rate', 'ssh'],
  frozen: ['--frozen', 'ssh'],
  ciphertext: ['--ciphertext', 'ssh'],
  rebooted: ['--rebooted', 'ssh'],
  expectSize: ['--expect-size', 'listen'],
  tls: ['--tls', 'listen'],
  allowPeer: ['--allow', 'listen'],
  allowPlaintext: ['--allow-plaintext', 'listen'],
  reachedBy: ['--reached-by', 'listen'],
  adoptMap: ['--adopt-map', 'here', 'ssh'],
  reader: ['--reader', 'here'],
  vendorQuery: ['--vendor-query', 'here'],
} as const satisfies Record<string, readonly [option: string, ...kinds: SourceKind[]]>;

const WORDS: Readonly<Record<SourceKind, string>> = {
  here: 'a source of this station',
  ssh: 'what is reached over SSH (ssh://…)',
  listen: 'a disk that another machine sends (listen://…)',
};

/** Those of them that a command line has, whatever they say. */
export type SourceOptions = { readonly [Name in keyof typeof KINDS]?: unknown };

/** What is said of a source of another kind is a fault: nobody may think that it was heeded. */
export function judgeSourceOptions(kind: SourceKind, options: SourceOptions, faults: UsageFaults): void {
  for (const [name, [option, ...kinds]] of Object.entries(KINDS)) {
    const fits = kinds.some((each) => each === kind);
    if (fits || options[name as keyof typeof KINDS] === undefined) continue;
    faults.add(`${option} is for ${kinds.map((each) => WORDS[each]).join(', or for ')}.`, 'Leave it out.');
  }
}

/** As {@link judgeSourceOptions}, where nothing else is judged. @throws ExhibitError `usage.request` */
export function requireSourceOptions(kind: SourceKind, options: SourceOptions): void {
  const faults = new UsageFaults();
  judgeSourceOptions(kind, options, faults);
  faults.throwIfAny();
}
