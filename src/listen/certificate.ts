import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
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

const DAYS = '30';
const LIMIT = 64 * 1024;

/**
 * Makes a key (P-256) and a certificate by the station's `openssl`, in a private folder that is gone afterwards.
 * @throws ExhibitError `listen.no-openssl`, `listen.no-certificate`
 */
export async function makeCertificate({ commands, files }: Pick<Ports, 'commands' | 'files'>): Promise<OwnCertificate> {
  const folder = await files.makePrivateFolder('exhibit-listen-');
  try {
    const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'];
    const out = ['-days', DAYS, '-subj', '/CN=exhibit', '-keyout', keyFile, '-out', certificateFile];
    const made = await commands.run(['openssl', 'req', '-x509', ...curve, ...out], { timeoutMs: 30_000 });
    if (made.failure === 'missing') throw notMade('listen.no-openssl', 'openssl is not installed here');
    if (made.exit !== 0) throw notMade('listen.no-certificate', visible(made.stderr.trim()) || 'openssl failed');
    const [key, certificate] = await Promise.all([
      files.readText(keyFile, LIMIT),
      files.readText(certificateFile, LIMIT),
    ]);
    const base64 = certificate.replace(/-----[A-Z ]+-----|\s/g, '');
    const fingerprint = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
    return { identity: { key, certificate }, fingerprint, base64 };
  } finally {
    await files.removePrivateFolder(folder);
  }
}

function notMade(code: string, why: string): ExhibitError {
  return new ExhibitError('unexpected', code, `No certificate for TLS could be made: ${why}.`, {
    hint: 'Install openssl, or send it plain and say why: --allow-plaintext REASON',
  });
}
