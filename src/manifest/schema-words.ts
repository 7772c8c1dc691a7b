import * as z from '../model/zod.ts';

/** Pieces that the manifest's schemas are made of. */
export const text = z.string().refine((value) => value.isWellFormed(), 'holds half a surrogate pair');
export const bytes = z.number().int().nonnegative();
export const count = z.number().int().nonnegative();
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const maybe = <T extends z.ZodType>(schema: T): z.ZodNullable<T> => schema.nullable();
/** A fact that could not be had stands as null beside the reason in `unknown`. */
export const unknowns = z.record(text, text);

export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .refine(isRealTime, 'is not a real date');
export const range = z.strictObject({ start: bytes, end: bytes });

/** JavaScript takes February 30th for March 2nd; only what comes back unchanged is a date. */
function isRealTime(value: string): boolean {
  const milliseconds = Date.parse(value);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === value;
}
