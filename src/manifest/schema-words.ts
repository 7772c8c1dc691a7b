import { z } from 'zod';

/** Pieces that the manifest's schemas are made of. */
export const text = z.string().refine((value) => value.isWellFormed(), 'holds half a surrogate pair');
export const bytes = z.number().int().nonnegative();
export const count = z.number().int().nonnegative();
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const maybe = <T extends z.ZodType>(schema: T): z.ZodNullable<T> => schema.nullable();
/** A fact that could not be had stands as null beside the reason in `unknown`. */
export const unknowns = z.record(text, text);
