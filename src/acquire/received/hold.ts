import { parseNet } from '../../model/ip-address.ts';
import { bug } from '../../model/errors.ts';
import type { SourceFacts } from '../../model/plan.ts';
import { makeCertificate } from '../../listen/certificate.ts';
import { Door } from '../../listen/door.ts';
import { listenReader, USUAL_LIMITS } from '../../listen/reader.ts';
import type { HeldSource } from '../../read/held-source.ts';
import type { Ports } from '../../system/ports.ts';
import type { ListenSide } from '../source-side.ts';

/** Milliseconds in which a connection has to tell whose it is. */
const LINE_MS = 10_000;

/**
 * Opens the port to which the disk will be sent, with a certificate of this session's own. Nobody is let in before the
 * reader waits for them; of a disk that has come as a whole nobody is waited for.
 * @throws ExhibitError `listen.port-taken`, `listen.not-ours`, `listen.no-leave`, `listen.no-openssl`
 */
export async function holdListening(ports: Ports, side: ListenSide, source: SourceFacts): Promise<HeldSource> {
  const { request, account } = side;
  const sent = heldFor(request, source);
  if (side.whole === true)
    return { ...sent, elsewhere: { ranges: neverRanges, reader: neverReads }, close: () => Promise.resolve() };
  const own = request.plaintext === null ? await makeCertificate(ports) : null;
  const door = await Door.open({
    open: ports.listen,
    address: request.address,
    identity: own?.identity ?? null,
    allowed: request.allowed.map(netOf),
    clock: ports.clock,
    lineMs: LINE_MS,
    refused: (caller) => {
      account.refused(caller);
    },
  });
  account.opened(() => door.refused);
  return {
    ...sent,
    elsewhere: {
      ranges: neverRanges,
      reader: listenReader({
        door,
        disk: request.address.path,
        reachedBy: request.reachedBy,
        tls: own === null ? null : { fingerprint: own.fingerprint, certificate: own.base64 },
        limits: USUAL_LIMITS,
        invite: (invitation) => account.invite(invitation),
        admitted: (stream) => account.admitted(stream),
        received: (stream) => account.received(stream),
      }),
    },
    close: () => door.close(),
  };
}

function heldFor({ size }: ListenSide['request'], source: SourceFacts) {
  const logicalSector = source.kind === 'block' ? source.device.logicalSector : 0;
  return { file: null, kind: 'block', path: source.path, size, logicalSector, heldBy: 'stream' } as const;
}

function neverRanges(): never {
  throw bug('a range of a disk that is sent');
}

function neverReads(): never {
  throw bug('a stream for a disk of which everything has come');
}

function netOf(text: string) {
  const net = parseNet(text);
  if (typeof net === 'string') throw bug(`--allow ${text}: ${net}`);
  return net;
}
