import type { LabelComparison, PlanFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { note, refusal, type Rule, warning } from './finding.ts';
import { comparisonText, compareLabel, confirmSerial } from './label.ts';

const matches: Rule = ({ request, source }) => {
  const wrong = compareLabel(request.label, source).filter(({ result }) => result === 'mismatch');
  const reason = request.label.mismatchReason;
  if (wrong.length === 0) {
    return reason === null
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

const compared: Rule = ({ request, source }) =>
  compareLabel(request.label, source)
    .filter(({ result }) => result === 'not-compared')
    .map(({ field }) =>
      warning(
        'guard',
        'label.not-compared',
        `The label's ${field} was not compared: ${visible(source.path)} does not tell a ${field} to compare it with.`,
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

/** A mismatch is refused by a rule of its own; here it only matters whether anything was compared. */
function serialCompared({ request, source }: PlanFacts): boolean {
  return compareLabel(request.label, source).some(
    ({ field, result }) => field === 'serial' && result !== 'not-compared',
  );
}

export const LABEL_RULES: readonly Rule[] = [matches, compared, confirmable];

function differenceText({ field, label, device }: LabelComparison): string {
  const told = device === null ? 'nothing' : visible(comparisonText(field, device));
  return `${field} is ${visible(comparisonText(field, label))} on the label, ${told} by the device`;
}
