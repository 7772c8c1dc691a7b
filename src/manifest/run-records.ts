import * as z from '../model/zod.ts';
import { identityRecord, verdictRecord } from './reading-records.ts';
import { bytes } from './schema-words.ts';
import { manifestSchema } from './schema.ts';

/** The records of a session's looks, checks and end (`docs/manifest-format.md`, section 6). More may stand in each. */
const { shape } = manifestSchema;
const disturbances = shape.station.shape.clock.shape.disturbances;

export const sourceAfterRecord = z.object({
  identity: identityRecord,
  /** Null: it is another source. */
  verdict: verdictRecord.nullable(),
  counters: shape.guard.shape.counters_after,
  asked: shape.probes.shape.runs_after,
  findings: z.array(shape.acquisition.shape.findings.element),
});

export const readBackRecord = shape.read_back;
export const sourceCheckRecord = shape.source_check;
export const closingRecord = z.object({ disturbances });
export const stoppedRecord = z.object({ code: z.string(), message: z.string(), disturbances: disturbances.optional() });
export const sealedRecord = z.object({ reason: z.string(), size: bytes });
