import { known, unknown, type Fact } from '../model/device.ts';
import type { DeclaredProtection } from '../model/probe.ts';
import { firstWords, type Answer } from './ask.ts';

/**
 * The kernel's own record of the write-protect bit of a SCSI disk, from `dmesg --kernel`: the last line for this disk by
 * address (`13:0:0:0`) and by name, because names and addresses are each given again. The kernel asks when the disk
 * appears and tells only changes afterwards. Lines are matched from their beginning: a disk's own strings stand in the log too.
 */
export function parseKernelLog(answer: Answer, address: string, name: string): Fact<DeclaredProtection> {
  if (answer.why !== null) return unknown(answer.why);
  if (answer.exit !== 0) return unknown(`the kernel's log can't be read: ${firstWords(answer.stderr)}`);
  const told = answer.stdout
    .split('\n')
    .map((line) =>
      /^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? sd (\S+): \[(\S+)\] (Write Protect is (?:on|off)|Test WP failed\b.*|Assuming Write Enabled)$/.exec(
        line,
      ),
    )
    .filter((match) => match?.[1] === address && match[2] === name)
    .at(-1)?.[3];
  if (told === undefined)
    return unknown(`the kernel's log has no line (any more) on the write protection of ${name} (${address})`);
  if (told.startsWith('Test')) return unknown('the disk did not answer when the kernel asked for its write protection');
  if (told.startsWith('Assuming'))
    return unknown('the kernel did not ask the disk for its write protection, and took it for writable');
  return known({ writeProtected: told.endsWith('on'), by: 'kernel log' });
}
