import { config } from 'zod';

/**
 * Schemas, without the code that zod would write and compile for each of them: that pays for the thousandth object, and a
 * program that parses a manifest once spends 50 ms on it [measured].
 */
config({ jitless: true });

// By name: `z` itself would bring along what nobody asks for, the words of fifty languages and the ways to JSON Schema.
export {
  array,
  boolean,
  discriminatedUnion,
  enum,
  int,
  literal,
  null,
  number,
  object,
  record,
  strictObject,
  string,
  union,
} from 'zod';
export type {
  core,
  infer,
  ZodEnum,
  ZodInt,
  ZodLiteral,
  ZodNullable,
  ZodNumber,
  ZodObject,
  ZodOptional,
  ZodString,
  ZodType,
  ZodUnion,
} from 'zod';
