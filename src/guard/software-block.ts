import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Evidence } from '../model/verdict.ts';
import type { Ports } from '../system/ports.ts';
import type { CommandResult } from '../system/run-command.ts';

const TIMEOUT_MS = 10_000;

/**
 * Sets the kernel's read-only flag on each device path (`blockdev --setro`) and confirms it (`--getro` says 1).
 * Returns what was confirmed, as evidence. The flag stays set when the job ends. Setting it needs root; it writes
 * nothing to the device. To be called before the source is held exclusively: a device that somebody holds is left alone.
 * @throws ExhibitError `guard.in-use` before any flag is changed; `guard.*` at the first path where it could not be set
 */
export async function setReadOnly(
  ports: Pick<Ports, 'commands' | 'files'>,
  paths: readonly string[],
): Promise<Evidence[]> {
  for (const path of paths) await refuseHeld(ports, path);
  const confirmed: Evidence[] = [];
  for (const path of paths) {
    await blockdev(ports, '--setro', path);
    const flag = (await blockdev(ports, '--getro', path)).stdout.trim();
    if (flag !== '1') {
      throw failure(
        'guard.flag-not-set',
        `The read-only flag of ${visible(path)} did not stay set: blockdev --getro says "${visible(flag)}".`,
      );
    }
    confirmed.push({
      fact: 'kernel-flag',
      what: `read-only flag of ${path}, set by --software-block`,
      seen: '1',
      source: `blockdev --getro ${path}`,
    });
  }
  return confirmed;
}

/**
 * A flag on a whole disk goes for all its partitions: setting it because of one of them would cut off a file system
 * mounted from another. The kernel lets nobody open a disk with O_EXCL while any part of it is mounted or held.
 */
async function refuseHeld(ports: Pick<Ports, 'files'>, path: string): Promise<void> {
  try {
    await (await ports.files.open(path, 'read-exclusive')).close();
  } catch (cause) {
    if (errnoOf(cause) !== 'EBUSY')
      throw failure('guard.flag-not-set', `${visible(path)} can't be opened: ${visible(messageOf(cause))}.`);
    throw new ExhibitError('guard', 'guard.in-use', `${visible(path)} is in use: --software-block changed no flag.`, {
      hint: 'Something on this disk is mounted or held. Release it, or use a hardware write blocker.',
      cause,
    });
  }
}

async function blockdev(ports: Pick<Ports, 'commands'>, action: string, path: string): Promise<CommandResult> {
  const result = await ports.commands.run(['blockdev', action, path], { timeoutMs: TIMEOUT_MS });
  if (result.exit === 0) return result;
  if (result.failure === 'missing') {
    throw new ExhibitError(
      'guard',
      'guard.blockdev-missing',
      '--software-block needs blockdev, which is not installed.',
      {
        hint: 'Install util-linux.',
      },
    );
  }
  const why = result.failure ?? result.stderr.trim();
  throw failure(
    'guard.flag-not-set',
    `The read-only flag of ${visible(path)} could not be set or read: blockdev ${action}: ${visible(why)}.`,
  );
}

function failure(code: string, message: string): ExhibitError {
  return new ExhibitError('guard', code, message, {
    hint: 'Setting the flag needs root. Use a hardware write blocker, or give the reason for going on: --allow-unblocked REASON.',
  });
}
