import * as z from '../model/zod.ts';
import { parseLabelSize } from '../model/size.ts';
import { type TextLaw, textFault } from './text-laws.ts';

const text = (law: TextLaw, what: string): z.ZodOptional<z.ZodString> =>
  z
    .string()
    .superRefine((value, context) => {
      const fault = textFault(value, law);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .describe(what)
    .optional();

const labelSize = z
  .string()
  .superRefine((value, context) => {
    try {
      parseLabelSize(value, 'size');
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be a size, such as 500GB (powers of 1000) or 64G (powers of 1024)',
      });
    }
  })
  .describe('Capacity on the label: 500GB (powers of 1000), 500G (powers of 1024), or bytes.')
  .optional();

/**
 * The file of `--request`: what would be retyped for every disk of a queue. Keys are the command line's options
 * without their dashes; all are optional, all values are text. `profiles/request.schema.json` is made from this.
 */
export const requestSchema = z
  .strictObject({
    case: text('any', 'Case number; stands unchanged in the manifest.'),
    evidence: text('any', 'Evidence number of the item.'),
    examiner: text('line', 'Who acquires.'),
    description: text('any', 'What the item is.'),
    notes: text('any', 'Anything else that belongs into the report.'),
    authority: text('line', 'On whose authority: warrant, consent, order.'),
    'label-model': text('line', "Model on the drive's label."),
    'label-serial': text('line', "Serial number on the drive's label."),
    'label-size': labelSize,
    'seal-number': text('line', 'Number of the seal or evidence bag.'),
    condition: text('line', 'Condition of the item as received.'),
    'label-mismatch': text('line', 'Why a label that does not match the device is accepted.'),
    profile: text('line', 'Name or path of the profile.'),
    'folder-name': text('line', "ITEM or CASE/ITEM, for ids that can't be folder names."),
  })
  .meta({ title: 'exhibit request' });

export type RequestFileKeys = z.infer<typeof requestSchema>;
