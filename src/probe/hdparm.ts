import { known, unknown, type Fact } from '../model/device.ts';
import type { HiddenArea } from '../model/probe.ts';
import { firstWords, type Answer } from './ask.ts';
import type { Sectors } from './smartctl.ts';

const LIE = 'hdparm makes numbers up when a disk does not answer';

/**
 * Reads `hdparm -N`. hdparm ends with 0 whatever happens, and prints `max sectors = 0/1, HPA is enabled` for a disk
 * that is no ATA disk: the refusal stands on standard error only. An answer counts when it has nothing there, when
 * words and numbers agree, and when its first number is the capacity that the disk told otherwise.
 */
export function parseHpa(answer: Answer, capacity: Sectors): Fact<HiddenArea> {
  const refused = refusal(answer);
  if (refused !== null) return unknown(refused);
  const lines = linesOf(answer.stdout, /^ ?max sectors/);
  const match = /^ max sectors {3}= (\d{1,15})\/(\d{1,15}), HPA is (enabled|disabled)$/.exec(lines[0] ?? '');
  if (lines.length !== 1 || match === null) return unknown(`hdparm -N does not tell: ${firstWords(...lines)}`);
  const area = areaOf(Number(match[1]), Number(match[2]), capacity);
  if (area.visible < area.native !== (match[3] === 'enabled'))
    return unknown(`hdparm -N contradicts itself: ${lines[0]}`);
  return plausible(area, capacity, `hdparm -N says ${area.visible} of ${area.native} sectors`);
}

/**
 * Reads `hdparm --dco-identify`. For a disk that refuses it prints a whole page made of zeros, "DCO Checksum verified",
 * revision 0x0000 and one real sector.
 */
export function parseDco(answer: Answer, capacity: Sectors): Fact<HiddenArea> {
  const refused = refusal(answer);
  if (refused !== null) return unknown(refused);
  const has = (line: RegExp): boolean => linesOf(answer.stdout, line).length === 1;
  if (!has(/^DCO Checksum verified\.$/)) return unknown('hdparm did not verify the checksum of the DCO data');
  if (!has(/^DCO Revision: 0x000[12]$/)) return unknown(`the DCO data has no known revision: ${LIE}`);
  const lines = linesOf(answer.stdout, /Real max sectors/);
  const match = /^\s+Real max sectors: (\d{1,15})$/.exec(lines[0] ?? '');
  if (lines.length !== 1 || match === null) {
    return unknown(`hdparm --dco-identify does not tell a plausible number of sectors: ${firstWords(...lines)}`);
  }
  const area = areaOf(capacity.count, Number(match[1]), capacity);
  return plausible(area, capacity, `hdparm --dco-identify says ${area.native} real sectors`);
}

function areaOf(visible: number, native: number, { size }: Sectors): HiddenArea {
  return { visible, native, sectorSize: size };
}

/** A disk that shows more than it has, or another capacity than it told a moment ago, told nothing. */
function plausible(area: HiddenArea, capacity: Sectors, said: string): Fact<HiddenArea> {
  if (area.visible > 0 && area.visible === capacity.count && area.native >= area.visible) return known(area);
  return unknown(`${said}, and the disk's own capacity is ${capacity.count}: ${LIE}`);
}

function refusal({ why, exit, stderr }: Answer): string | null {
  if (why !== null) return why;
  if (stderr.trim() !== '') return `the disk, or what it hangs on, refused: ${firstWords(stderr)}`;
  return exit === 0 ? null : `hdparm ended with status ${String(exit)}`;
}

function linesOf(text: string, pattern: RegExp): string[] {
  return text.split('\n').filter((line) => pattern.test(line));
}
