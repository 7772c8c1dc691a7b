import { z } from 'zod';

/**
 * Schemas, without the code that zod would write and compile for each of them: that pays for the thousandth object, and a
 * program that parses a manifest once spends 50 ms on it [measured].
 */
z.config({ jitless: true });

export { z };
