import { deviceNumber } from '../discover/number.ts';
import { checkPresent } from '../discover/source.ts';
import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { OpenFile } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import type { ScratchDisk } from './scratch-disk.ts';

/** A disk that nobody else can mount or take exclusively, open for reading past the page cache. */
export interface HeldDisk {
  readonly disk: ScratchDisk;
  /** Reads with O_DIRECT, through the very device that is held. */
  readonly direct: OpenFile;
  /** Throws `source.vanished` or `source.changed` unless path and held device still are the disk that was looked at. */
  checkSame(): Promise<void>;
  close(): Promise<void>;
}

/** Throws `disk.in-use` (fault `guard`) when the kernel says that somebody uses it, whatever could be seen of that. */
export async function holdDisk(ports: Ports, disk: ScratchDisk): Promise<HeldDisk> {
  const { realPath } = disk.facts;
  const held = await ports.files.open(realPath, 'read-exclusive').catch((error: unknown) => {
    throw cannotHold(realPath, error);
  });
  const checkSame = async (): Promise<void> => {
    await checkPresent(ports, disk.facts);
    const byName = deviceNumber((await ports.files.stat(realPath)).rdev);
    const byHand = deviceNumber((await held.stat()).rdev);
    if (byName === disk.device.number && byHand === disk.device.number) return;
    throw new ExhibitError('source', 'source.changed', `${visible(realPath)} leads to another device by now.`, {
      hint: 'Nothing more is written. Look again with "exhibit devices".',
    });
  };
  try {
    await checkSame();
    const direct = await ports.files.open(`/proc/self/fd/${held.fd}`, 'read-direct');
    const close = async (): Promise<void> => {
      await direct.close();
      await held.close();
    };
    return { disk, direct, checkSame, close };
  } catch (error) {
    await held.close();
    throw error;
  }
}

function cannotHold(path: string, error: unknown): ExhibitError {
  if (errnoOf(error) === 'EBUSY') {
    return new ExhibitError('guard', 'disk.in-use', `${visible(path)} is in use: the kernel gives it to nobody else.`, {
      hint: 'Something mounts, assembles or holds it, perhaps out of sight of this program. Is it really the scratch disk?',
      cause: error,
    });
  }
  return new ExhibitError(
    'source',
    'source.unreadable',
    `${visible(path)} can't be opened: ${visible(messageOf(error))}.`,
    { hint: 'Check cable, power and dock; "dmesg" may say more.', cause: error },
  );
}
