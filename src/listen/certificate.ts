import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { utc } from '../system/clock.ts';
import type { Ports } from '../system/ports.ts';
import type { ServerIdentity } from '../system/listener.ts';

/** A certificate of our own, for one session: nobody vouches for it but its fingerprint. */
export interface OwnCertificate {
  readonly identity: ServerIdentity;
  /** SHA-256 of the certificate (DER), 64 hexadecimal letters. */
  readonly fingerprint: string;
  /** DER in base64, one line. */
  readonly base64: string;
}

/** By so much the clock of the live machine may differ from ours, either way, where it looks at dates. */
const CLOCKS_APART_MS = 31 * 24 * 60 * 60 * 1000;
const LIMIT = 64 * 1024;
/** What `openssl ca` has to find: only it takes a date from which a certificate holds, in every version. */
const CONFIG = `[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
policy = named
x509_extensions = itself
[named]
commonName = supplied
[itself]
basicConstraints = critical,CA:true
subjectKeyIdentifier = hash
`;

/**
 * Makes a key (P-256) and a certificate by the station's `openssl`, in a private folder that is gone afterwards.
 * @throws ExhibitError `listen.no-openssl`, `listen.no-certificate`
 */
export async function makeCertificate({
  commands,
  files,
  clock,
}: Pick<Ports, 'commands' | 'files' | 'clock'>): Promise<OwnCertificate> {
  const folder = await files.makePrivateFolder('exhibit-listen-');
  const openssl = async (...words: string[]): Promise<void> => {
    const made = await commands.run(['openssl', ...words], { timeoutMs: 30_000, cwd: folder });
    if (made.failure === 'missing') throw notMade('listen.no-openssl', 'openssl is not installed here');
    if (made.exit !== 0) throw notMade('listen.no-certificate', visible(made.stderr.trim()) || 'openssl failed');
  };
  try {
    const given = { 'ca.cnf': CONFIG, index: '', serial: `${randomBytes(8).toString('hex')}\n` };
    for (const [name, content] of Object.entries(given)) await files.createFile(join(folder, name), content);
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'];
    await openssl('req', '-new', ...curve, '-subj', '/CN=exhibit', '-keyout', 'key.pem', '-out', 'asked.pem');
    const now = clock.wallMs();
    const dates = ['-startdate', asn1Time(now - CLOCKS_APART_MS), '-enddate', asn1Time(now + CLOCKS_APART_MS)];
    const own = ['-selfsign', '-keyfile', 'key.pem', '-in', 'asked.pem', '-out', 'own.pem', '-md', 'sha256'];
    await openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', ...own, ...dates);
    const [key, certificate] = await Promise.all([
      files.readText(join(folder, 'key.pem'), LIMIT),
      files.readText(join(folder, 'own.pem'), LIMIT),
    ]);
    const base64 = certificate.replace(/-----[A-Z ]+-----|\s/g, '');
    const fingerprint = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
    return { identity: { key, certificate }, fingerprint, base64 };
  } finally {
    await files.removePrivateFolder(folder);
  }
}

/** `20260301091500Z` */
function asn1Time(ms: number): string {
  return `${utc(ms).replace(/\D/g, '').slice(0, 14)}Z`;
}

function notMade(code: string, why: string): ExhibitError {
  return new ExhibitError('unexpected', code, `No certificate for TLS could be made: ${why}.`, {
    hint: 'Install openssl, or send it plain and say why: --allow-plaintext REASON',
  });
}
