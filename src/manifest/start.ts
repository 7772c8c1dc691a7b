import * as z from '../model/zod.ts';
import { manifestSchema } from './schema.ts';

/**
 * What is known when the first byte is about to be read. It is the journal's first record, so that a job that
 * ended without a word can still be sealed as incomplete with everything that was known.
 */
export const manifestStartSchema = z.strictObject({
  /** Bytes that image and sidecars may take: other jobs on this file system leave them free. */
  space_needed: z.number().int().nonnegative(),
  stem: z.string(),
  size: z.number().int().positive(),
  segments: z.array(z.strictObject({ name: z.string(), offset: z.number().int(), length: z.number().int() })),
  head: z.strictObject({
    ...manifestSchema.pick({
      tool: true,
      case: true,
      label: true,
      source: true,
      guard: true,
      probes: true,
      destination: true,
      station: true,
    }).shape,
    acquisition: manifestSchema.shape.acquisition.omit({
      finished: true,
      duration_ms: true,
      engines: true,
      self_tests: true,
    }),
  }),
});

export type ManifestStart = z.infer<typeof manifestStartSchema>;
