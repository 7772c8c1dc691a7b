import { bug } from '../../model/errors.ts';
import type { SourceFacts } from '../../model/plan.ts';
import type { HeldSource } from '../../read/held-source.ts';
import { remoteReader } from '../../remote/in-order-reader.ts';
import { ModeChooser } from '../../remote/mode-chooser.ts';
import { RateLimit, rangesFor } from '../../remote/rate-limit.ts';
import { RemoteRanges } from '../../remote/range-reader.ts';
import type { ChannelOrder } from '../../remote/reader-channel.ts';
import type { RemoteSide } from '../source-side.ts';
import { Keeper } from './keeper.ts';

/**
 * Has a program over there hold the disk open, and what it holds must be the disk that was found. Nobody is kept from it.
 * @param stop nobody waits for it any longer
 * @throws ExhibitError `source.changed` when it is another; `remote.reader-died` when it can't be opened
 */
export async function holdRemote(
  { machine, account }: RemoteSide,
  source: SourceFacts,
  stop: AbortSignal,
): Promise<HeldSource> {
  const { remote } = source;
  if (remote === undefined) throw bug('a source of this station held on another');
  const { ways } = remote;
  const channel: ChannelOrder = {
    shell: machine.shell,
    facts: machine.facts,
    clock: machine.ports.clock,
    path: source.realPath,
    dd: ways,
    hash: ways.hash,
    program: ways.program,
    modes: ways.modes,
    unpacker: machine.unpacker,
    limit: new RateLimit(machine.ports.clock, ways.limitRate),
    expected: { bootId: account.bootId, node: source.identity.node, size: source.identity.size },
  };
  const keeper = new Keeper(channel, account);
  await keeper.hold(stop);
  return {
    file: null,
    kind: 'block',
    path: source.path,
    size: source.identity.size,
    logicalSector: source.device.logicalSector,
    heldBy: 'remote-descriptor',
    elsewhere: {
      ranges: (order) => new RemoteRanges(channel, account, order),
      reader: remoteReader({
        channel,
        proof: account,
        connections: ways.connections,
        ...rangesFor(ways.program, ways.limitRate),
        modes: new ModeChooser(ways.modes, ways.connections),
      }),
    },
    close: () => {
      keeper.close();
      return Promise.resolve();
    },
  };
}
