import { visible } from '../model/text.ts';
import type { ShellLine } from '../model/remote.ts';
import { describeBytes, groupDigits } from '../model/size.ts';
import { shellLine } from '../remote/quote.ts';
import { pythonSender } from './python-sender.ts';

/** What the live machine has to know to send its disk from where we stand. */
export interface Invitation {
  /** The IP address of ours that it can reach; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Null: whoever runs the command puts it in. */
  readonly disk: string | null;
  /** Bytes of the disk that are not asked for any more. */
  readonly offset: number;
  /** Of the whole disk, in bytes. */
  readonly size: number;
  readonly token: string;
  /** Null: plain. */
  readonly tls: { readonly fingerprint: string; readonly certificate: string } | null;
}

/** A command that sends the disk, for what the live machine may have. */
export interface Variant {
  /** What sends, as it is shown and put on record. */
  readonly name: string;
  /** What the live machine must have for it. */
  readonly needs: string;
  /** It tells dd's exit status and the hash of what was sent in a second connection. */
  readonly tells: boolean;
  /** To be typed as it is, in any login shell. */
  readonly line: ShellLine;
}

/** Stands for the disk where it is not known: no machine has a disk of this name. */
export const DISK_TO_PUT_IN = '/dev/DISK';

const LARGE_BLOCK = 1024 * 1024;

/** With SHA instructions openssl takes a quarter of the time. By -r it prints what sha256sum prints, whatever its version. */
const HASH = 'if command -v openssl >/dev/null; then openssl dgst -sha256 -r; else sha256sum; fi';

interface Sender {
  readonly name: string;
  readonly needs: string;
  readonly shell: 'sh' | 'bash';
  /** Sends its standard input to us. */
  readonly send: string;
}

/** The commands, each in one line for any login shell, best first. */
export function variantsOf(invitation: Invitation): Variant[] {
  const both = (sender: Sender, told: boolean): Variant => ({
    name: sender.name,
    needs: told ? `${sender.needs}, tee, /dev/fd; openssl or sha256sum, and wc, if they are there` : sender.needs,
    tells: told,
    line: shellLine([
      sender.shell,
      '-c',
      told ? telling(invitation, sender.send) : silent(invitation, sender.send),
      'sh',
      invitation.disk ?? DISK_TO_PUT_IN,
    ]),
  });
  const all = sendersOf(invitation).flatMap((sender) => [both(sender, true), both(sender, false)]);
  return invitation.tls === null ? [byPython(invitation), ...all] : all;
}

/** One program instead of six, and four pipes: it takes a third of the live machine's time. */
function byPython({ host, port, token, offset, disk }: Invitation): Variant {
  const line = pythonSender(host, port, token, offset, disk ?? DISK_TO_PUT_IN);
  return { name: 'Python', needs: 'python3, 3.7 or newer', tells: true, line };
}

/** What is shown to the operator, a line each. */
export function invitationText(invitation: Invitation): string[] {
  const { host, port, offset, size, disk, tls } = invitation;
  const from = offset === 0 ? '' : `, from byte ${groupDigits(offset)} on`;
  return [
    `Waiting at ${host} port ${port} for the disk of ${describeBytes(size)}${from}.`,
    tls === null
      ? 'Nothing is encrypted, and nothing proves who sends it.'
      : `TLS; the certificate's SHA-256 fingerprint is ${tls.fingerprint}`,
    `Run ONE of these on the live machine, as root (or with sudo in front); it is good for one connection.`,
    ...(disk === null ? [`Put the disk in the place of ${DISK_TO_PUT_IN}.`] : [`The disk there: ${visible(disk)}`]),
    ...variantsOf(invitation).flatMap(({ name, needs, tells, line }) => [
      '',
      `${name}${tells ? ', and the hash of what was sent' : ''} (needs ${needs}):`,
      `  ${line}`,
    ]),
  ];
}

function sendersOf(invitation: Invitation): Sender[] {
  const { host, port, tls } = invitation;
  const to = `${host} ${port}`;
  if (tls === null) {
    return [
      { name: 'OpenBSD netcat', needs: 'nc with -N (Debian, Ubuntu, Arch)', shell: 'sh', send: `nc -N ${to}` },
      { name: 'Ncat', needs: 'ncat of Nmap (Fedora, RHEL)', shell: 'sh', send: `ncat --send-only ${to}` },
      { name: 'Traditional netcat', needs: 'nc with -q', shell: 'sh', send: `nc -q 1 ${to}` },
      { name: 'BusyBox or any other nc', needs: 'nc', shell: 'sh', send: `nc ${to}` },
      { name: 'bash alone', needs: 'bash with /dev/tcp', shell: 'bash', send: `cat >/dev/tcp/${host}/${port}` },
    ];
  }
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  // -quiet: no letter of the data is a command (Q would end it, R and k do other things). -verify and
  // -verify_return_error only together end a handshake with another certificate, before a byte of ours is sent.
  const client = `openssl s_client -connect ${place} -quiet -verify 1 -verify_return_error`;
  const dane = `-dane_tlsa_domain exhibit -dane_ee_no_namechecks -dane_tlsa_rrdata "3 0 1 ${tls.fingerprint}"`;
  const pem = `echo -----BEGIN CERTIFICATE-----; echo ${tls.certificate} | fold -w 64; echo -----END CERTIFICATE-----`;
  return [
    {
      name: 'OpenSSL, by the fingerprint',
      needs: 'openssl 1.1.0 or newer',
      shell: 'sh',
      // TLSA "3 0 1" (RFC 6698): this very certificate by its SHA-256, whatever its name and dates are.
      send: `${client} ${dane}`,
    },
    {
      name: 'OpenSSL, by the certificate itself',
      needs: 'openssl or LibreSSL, fold, /dev/fd, a clock that is right to a month',
      shell: 'sh',
      send: `{ { ${pem}; } | ${client} -CAfile /dev/fd/6 6<&0 <&7; } 7<&0`,
    },
  ];
}

/** The disk after the line that says whose it is. Only its end can be seen here. */
function silent(invitation: Invitation, send: string): string {
  return `{ echo exhibit ${invitation.token} ${invitation.offset} alone && ${ddFrom(invitation.offset)}; } | ${send}`;
}

/**
 * The same, hashed and counted on its way in pipes alone: 3 is the way to us, 4 carries what is told, in a connection of
 * its own, 5 is the way to who counts. That one comes before 3: a tee that dies of a broken 3 has counted more than was
 * sent, so whoever tells as many bytes as arrived tells the hash of these. Which of the three lines of 4 comes first is open.
 */
function telling({ token, offset }: Invitation, send: string): string {
  const dd = `{ ${ddFrom(offset)}; echo e $? >&4; }`;
  const hashed = `{ ${dd} | tee /dev/fd/5 /dev/fd/3 | ${told('h', HASH)}; } 5>&1 | ${told('n', 'wc -c')}`;
  const stream = `{ echo exhibit ${token} ${offset} told; ${hashed}; } 3>&1`;
  const words = '"${e:--}" "${h:--}" "${n:--}"';
  const lines = 'for i in 1 2 3; do read k v x; case $k in e) e=$v;; h) h=$v;; n) n=$v;; esac; done';
  const tell = `{ e= h= n=; ${lines}; echo exhibit ${token} end ${words} | ${quiet(send)}; }`;
  // The sender must not keep 4 open: the end is told while it still waits for us to close.
  return `{ ${stream} | ${quiet(send)} 4>&-; } 4>&1 | ${tell}`;
}

/** What a program says of all that it reads, in a line to 4. One that is missing must not stop the stream. */
function told(letter: string, program: string): string {
  return `echo ${letter} $({ ${program}; } || { cat >/dev/null; echo -; }) >&4`;
}

/** Whatever the sender prints is not what is told. */
function quiet(send: string): string {
  return `{ ${send}; } >&2`;
}

/**
 * dd from a byte on without ranges by bytes, which not every dd has: up to the next large block in blocks that fit, then
 * on in large ones. It has no count: a disk that is larger than was said has to show.
 */
function ddFrom(offset: number): string {
  const large = Math.ceil(offset / LARGE_BLOCK);
  const rest = `dd if="$1" bs=${LARGE_BLOCK}${large === 0 ? '' : ` skip=${large}`}`;
  const gap = large * LARGE_BLOCK - offset;
  if (gap === 0) return rest;
  let block = 1;
  while (offset % (block * 2) === 0 && gap % (block * 2) === 0) block *= 2;
  return `dd if="$1" bs=${block} skip=${offset / block} count=${gap / block} && ${rest}`;
}
