import type { LabelComparison, PlanFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { note, refusal, type Rule, warning } from './finding.ts';
import { comparisonText, compareLabel, confirmSerial } from './label.ts';

const matches: Rule = (facts) => {
  const { request, source } = facts;
  const wrong = compareLabel(facts).filter(({ result }) => result === 'mismatch');
  const reason = request.label.mismatchReason;
  if (wrong.length === 0) {
    return reason === null || hasTwins(facts)
      ? []
      : [
          note(
            'label.no-mismatch',
            `--label-mismatch was given, but nothing on the label contradicts the device: ${visible(reason)}`,
          ),
        ];
  }
  const differs = wrong.map(differenceText).join('; ');
  if (reason !== null)
    return [
      warning(
        'guard',
        'label.mismatch-accepted',
        `The label does not match the device: ${differs}. Accepted: ${visible(reason)}`,
      ),
    ];
  return [
    refusal(
      'guard',
      'label.mismatch',
      `The label does not match ${visible(source.path)}: ${differs}.`,
      'Check that this is the right disk. Some bridges tell a serial and a model of their own: if so, say why it is the right one: --label-mismatch REASON.',
    ),
  ];
};

const compared: Rule = (facts) =>
  compareLabel(facts)
    .filter(({ result }) => result === 'not-compared')
    .map(({ field }) =>
      warning(
        'guard',
        'label.not-compared',
        `The label's ${field} was not compared: ${visible(facts.source.path)} does not tell a ${field} to compare it with.`,
      ),
    );

const confirmable: Rule = (facts) => {
  const { source, request } = facts;
  if (source.kind !== 'block' || !source.device.physical) return [];
  if (request.yes && request.label.serial === null) {
    return [
      refusal(
        'usage',
        'usage.yes-needs-label',
        `--yes with the physical disk ${visible(source.path)} needs --label-serial.`,
        "Give the serial that stands on the drive's label: --label-serial TEXT. Without a person to ask, it alone tells that this is the right disk.",
      ),
    ];
  }
  if (request.yes && request.label.mismatchReason === null && !serialCompared(facts)) {
    return [
      refusal(
        'usage',
        'usage.yes-unconfirmed',
        `--yes: ${visible(source.path)} tells no serial that the label's could be compared with, and nobody is asked.`,
        'Leave --yes out and confirm it by hand; or say how you know that it is the right disk: --label-mismatch REASON.',
      ),
    ];
  }
  if (confirmSerial(facts) !== null) return [];
  return [
    refusal(
      'usage',
      'usage.no-serial',
      `${visible(source.path)}: neither the device nor its label gives a serial that could be typed to confirm it.`,
      'Give what the label says: --label-serial TEXT; where it carries none, --label-serial with the words you find there, and --label-mismatch REASON.',
    ),
  ];
};

/**
 * A label, and what is typed of it, fits every disk that tells its serial. A person sees the warning before the question;
 * where nobody is asked, only a reason goes on, or a serial that the disk itself told, behind bridges that tell one for all.
 */
const tellsApart: Rule = (facts) => {
  const { source, serials, request } = facts;
  const path = visible(source.path);
  if (!serials.known) {
    const what = `Whether another disk tells the serial of ${path} could not be looked up (${visible(serials.why)}).`;
    return [warning('guard', 'label.twins-unknown', what)];
  }
  const odd = serials.value.notes.map(({ code, message }) => warning('guard', `label.${code}`, message));
  if (!hasTwins(facts)) return odd;
  const others = visible(serials.value.twins.join(', '));
  const what = `${others} and ${path} tell the same serial: no label says which of them is meant.`;
  const { mismatchReason } = request.label;
  if (mismatchReason !== null)
    return [...odd, warning('guard', 'label.serial-twice', `${what} Accepted: ${visible(mismatchReason)}`)];
  if (!request.yes || serialByDisk(facts))
    return [...odd, warning('guard', 'label.serial-twice', `${what} Go by the port (by-path), not by the name.`)];
  const hint =
    'Disconnect every disk that is not meant. Where one disk is seen more than once, or the port tells them apart, say so: --label-mismatch REASON.';
  return [...odd, refusal('guard', 'label.serial-twice', what, hint)];
};

function hasTwins({ serials }: PlanFacts): boolean {
  return serials.known && serials.value.twins.length > 0;
}

function serialByDisk(facts: PlanFacts): boolean {
  return compareLabel(facts).some(({ field, result, by }) => field === 'serial' && result === 'match' && by === 'disk');
}

/** A mismatch is refused by a rule of its own; here it only matters whether anything was compared. */
function serialCompared(facts: PlanFacts): boolean {
  return compareLabel(facts).some(({ field, result }) => field === 'serial' && result !== 'not-compared');
}

export const LABEL_RULES: readonly Rule[] = [matches, compared, tellsApart, confirmable];

function differenceText({ field, label, device, by }: LabelComparison): string {
  const told = device === null ? 'nothing' : visible(comparisonText(field, device));
  const who = by === 'disk' ? 'the disk itself' : 'the device';
  return `${field} is ${visible(comparisonText(field, label))} on the label, ${told} by ${who}`;
}
