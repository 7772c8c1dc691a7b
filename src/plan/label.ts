import { type Device, valueOf } from '../model/device.ts';
import type { LabelComparison, PlanFacts, SourceFacts } from '../model/plan.ts';
import type { LabelInfo } from '../model/request.ts';
import { groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';

/**
 * How far a device may lie from the capacity on its label, in percent. Labels name a round number of 1000s: disks of
 * the IDEMA rule hold up to 0.02 % more; sticks and cards sold by their raw flash hold up to 4 % less, others up to
 * 2 % more. Neighbouring capacities of one series (240 and 256 GB, 480 and 512 GB, 1 and 2 TB) lie further apart.
 */
const SIZE_BELOW = 4n;
const SIZE_ABOVE = 2n;

/** Shorter than this a model is contained in almost anything. */
const MODEL_LEAST = 3;

/** What the label says beside what the device says, field by field; fields that the label does not give are left out. */
export function compareLabel(label: LabelInfo, source: SourceFacts): LabelComparison[] {
  const device = source.kind === 'block' ? source.device : null;
  const comparisons: LabelComparison[] = [];
  const add = (
    field: LabelComparison['field'],
    said: string | null,
    told: string | null,
    same: () => boolean,
  ): void => {
    if (said === null) return;
    const result = told === null ? 'not-compared' : same() ? 'match' : 'mismatch';
    comparisons.push({ field, label: said, device: told, result });
  };
  const model = device === null ? null : tellingModel(device);
  const serial = device === null ? null : tellingSerial(device);
  const size = device === null ? null : comparableSize(device);
  add('model', label.model, model, () => sameModel(label.model ?? '', model ?? ''));
  add('serial', label.serial, serial, () => sameSerial(label.serial ?? '', serial ?? ''));
  add('size', label.size === null ? null : String(label.size), size === null ? null : String(size), () =>
    sameSize(label.size ?? 0, size ?? 0),
  );
  return comparisons;
}

/** Models are written with and without maker, spaces and dashes: equal letters and digits, or one contains the other. */
function sameModel(label: string, device: string): boolean {
  const [a, b] = [bare(label), bare(device)];
  if (a === b) return a !== '';
  return Math.min(a.length, b.length) >= MODEL_LEAST && (a.includes(b) || b.includes(a));
}

/** Serials are padded and dashed at will, but every letter counts, leading zeros too. */
function sameSerial(label: string, device: string): boolean {
  return bare(label) !== '' && bare(label) === bare(device);
}

function sameSize(label: number, device: number): boolean {
  const scaled = BigInt(device) * 100n;
  return scaled >= BigInt(label) * (100n - SIZE_BELOW) && scaled <= BigInt(label) * (100n + SIZE_ABOVE);
}

/** The device's serial where it tells one drive from another; null for none, or one that is all the same letter (bridges tell zeros). */
function tellingSerial(device: Device): string | null {
  const serial = valueOf(device.serial);
  if (serial === null) return null;
  const letters = bare(serial);
  return letters === '' || /^(.)\1+$/u.test(letters) ? null : serial;
}

/**
 * What must be typed before a physical disk is read: the last four letters of the label's serial, of the device's
 * where no label was given. Null: not a physical disk, or no serial that could be typed (which the plan refuses).
 */
export function confirmSerial(facts: PlanFacts): string | null {
  const { source, request } = facts;
  if (source.kind !== 'block' || !source.device.physical) return null;
  const serial = request.label.serial ?? tellingSerial(source.device);
  const end = Array.from((serial ?? '').trim())
    .slice(-4)
    .join('');
  // What a device tells may hold letters that nobody can type.
  return end === '' || visible(end) !== end ? null : end;
}

/** For people: bytes in groups of three, everything else as it is. */
export function comparisonText(field: LabelComparison['field'], value: string): string {
  return field === 'size' ? `${groupDigits(Number(value))} bytes` : value;
}

function tellingModel(device: Device): string | null {
  const model = valueOf(device.model);
  return model === null || bare(model) === '' ? null : model;
}

/** The label's capacity is the whole drive's: a part of one, or something stacked on several, can't be held against it. */
function comparableSize(device: Device): number | null {
  return device.kind === 'partition' || device.kind === 'mapper' || device.kind === 'raid' ? null : device.size;
}

function bare(text: string): string {
  return text.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
}
