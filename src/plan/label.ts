import { valueOf } from '../model/device.ts';
import type { LabelComparison, PlanFacts } from '../model/plan.ts';
import { bare, textSaysNothing } from '../model/serial.ts';
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

type LabelFacts = Pick<PlanFacts, 'request' | 'source' | 'protection'>;

/** A text, and whose word it is. */
interface Told {
  readonly text: string;
  readonly by: LabelComparison['by'];
}

/** What the label says beside what the device says, field by field; fields that the label does not give are left out. */
export function compareLabel(facts: LabelFacts): LabelComparison[] {
  const { label } = facts.request;
  const comparisons: LabelComparison[] = [];
  const add = (field: LabelComparison['field'], said: string | null, told: Told | null, same: Same): void => {
    if (said === null) return;
    const result = told === null ? 'not-compared' : same(said, told.text) ? 'match' : 'mismatch';
    comparisons.push({ field, label: said, device: told?.text ?? null, by: told?.by ?? null, result });
  };
  add('model', label.model, tellingModel(facts), sameModel);
  add('serial', label.serial, tellingSerial(facts), sameSerial);
  add('size', label.size === null ? null : String(label.size), comparableSize(facts), sameSize);
  return comparisons;
}

type Same = (label: string, device: string) => boolean;

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

function sameSize(label: string, device: string): boolean {
  const scaled = BigInt(device) * 100n;
  return scaled >= BigInt(label) * (100n - SIZE_BELOW) && scaled <= BigInt(label) * (100n + SIZE_ABOVE);
}

/**
 * The serial where it tells one drive from another: the disk's own where it gave one by pass-through, for a label is on
 * the disk and not on the bridge; else what the kernel was told. Null for none, or one letter over and over (bridges tell zeros).
 */
function tellingSerial({ source, protection }: Omit<LabelFacts, 'request'>): Told | null {
  const { own } = protection.probes;
  if (own.known && textSaysNothing(own.value.serial) === null) return { text: own.value.serial, by: 'disk' };
  const serial = source.kind === 'block' ? valueOf(source.device.serial) : null;
  return serial !== null && textSaysNothing(serial) === null ? { text: serial, by: 'host' } : null;
}

/**
 * What must be typed before a physical disk is read: the last four letters of the label's serial, of the device's
 * where no label was given. Null: not a physical disk, or no serial that could be typed (which the plan refuses).
 */
export function confirmSerial(facts: PlanFacts): string | null {
  const { source, request } = facts;
  if (source.kind !== 'block' || !source.device.physical) return null;
  const serial = request.label.serial ?? tellingSerial(facts)?.text;
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

function tellingModel({ source, protection }: LabelFacts): Told | null {
  const { own } = protection.probes;
  if (own.known && bare(own.value.model) !== '') return { text: own.value.model, by: 'disk' };
  const model = source.kind === 'block' ? valueOf(source.device.model) : null;
  return model === null || bare(model) === '' ? null : { text: model, by: 'host' };
}

/**
 * The label's capacity is the whole drive's: a part of one, or something stacked on several, can't be held against it.
 * Nor can what the operator said of a disk that is sent: no device told it.
 */
function comparableSize({ source }: LabelFacts): Told | null {
  if (source.kind === 'file' || source.received !== undefined) return null;
  const { kind, size } = source.device;
  const part = kind === 'partition' || kind === 'mapper' || kind === 'raid';
  return part ? null : { text: String(size), by: 'host' };
}
