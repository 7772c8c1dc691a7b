import { RemoteAccount } from '../acquire/remote/account.ts';
import { connectSide, type SourceSide } from '../acquire/source-side.ts';
import { ExhibitError } from '../model/errors.ts';
import type { HostKey } from '../model/remote.ts';
import { visible } from '../model/text.ts';
import { parseSshAddress } from '../remote/address.ts';
import { openMachine, RemoteReach } from '../remote/open-machine.ts';
import type { Env } from './env.ts';
import { askerOf, connectOrder, type RemoteOptions } from './remote-machine.ts';
import { remembering } from './remembered-answers.ts';

/** The address of a disk of another machine. */
export function diskAddress(text: string): RemoteReach['address'] {
  const address = parseSshAddress(text);
  if (address.path !== null) return { ...address, path: address.path };
  throw new ExhibitError('usage', 'remote.address', `${visible(text)} names a machine, and none of its disks.`, {
    hint: `Name the disk: ${visible(text.replace(/\/$/, ''))}/dev/…; what there is shows exhibit devices ${visible(text)}`,
  });
}

/**
 * Connects to the machine of a disk, works with it, and leaves it. It is reached again with the answers that were given
 * the first time; what can't be answered twice ends the job, which can be gone on with.
 * @param pinned the key that an earlier session met; null: this is the first
 */
export async function withSide<T>(
  env: Env,
  address: RemoteReach['address'],
  options: RemoteOptions,
  pinned: HostKey | null,
  work: (side: SourceSide) => Promise<T>,
): Promise<T> {
  const order = await connectOrder(env, options);
  const signals = env.watchSignals(() => undefined);
  const answers = remembering(askerOf(env, signals.stop));
  const reach = new RemoteReach(address, pinned, async (signal, before) => {
    return openMachine(env.ports, { ...order, address, met: before, asker: answers.asker(), signal });
  });
  let watching = true;
  try {
    const side = await connectSide(reach, new RemoteAccount(), signals.stop);
    answers.keep();
    // From here on whoever runs the job watches.
    signals.release();
    watching = false;
    return await work(side);
  } finally {
    if (watching) signals.release();
    await reach.close();
  }
}
