import { known, unknown, type Fact } from '../model/device.ts';
import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { blockOfNumber, type SysBlock } from './block.ts';
import { deviceNumber } from './number.ts';
import { at } from './root.ts';

/**
 * The block device whose bytes a loop device shows; known and null when it shows a plain file, or is no loop device.
 * sysfs names what lies behind by its path alone: where nothing, or no device that sysfs has, stands at that path by
 * now (pulled, moved, of another mount namespace), it is unknown, never "a file".
 */
export async function deviceBehindLoop(
  ports: Ports,
  loop: Pick<SysBlock, 'kind' | 'name' | 'size' | 'backingFile'>,
): Promise<Fact<SysBlock | null>> {
  if (loop.kind !== 'loop') return known(null);
  if (loop.backingFile === null) {
    // Set up with nothing: it has no bytes either.
    return loop.size === 0 ? known(null) : unknown(`${loop.name}: what lies behind it is not known`);
  }
  try {
    const stats = await ports.files.stat(at(ports, loop.backingFile));
    if (!stats.isBlockDevice()) return known(null);
    const number = deviceNumber(stats.rdev);
    const block = await blockOfNumber(ports, number);
    return block === null
      ? unknown(`${loop.name}: sysfs has no device ${number}, which ${loop.backingFile} leads to`)
      : known(block);
  } catch (error) {
    return unknown(`${loop.name}: ${loop.backingFile} behind it can't be found: ${messageOf(error)}`);
  }
}
