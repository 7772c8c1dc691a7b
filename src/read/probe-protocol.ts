/**
 * Between the probe and its child. Request: offset, length, unit: the range is read in reads of `unit` bytes, cut at its
 * multiples. Three little-endian float64 (exact up to 2^53). Reply: frames, each a head of kind, length of what follows,
 * milliseconds, the same way. `READY` comes once, before anything is read. Frames of a request: `GOOD` with the bytes of
 * one read, as many as it takes; a `FAILED` with the errno's name, or an `ENDED` (the source gives no more), is the last.
 */
export const REQUEST_BYTES = 24;
export const HEAD_BYTES = 24;

export const READY = 0;
export const GOOD = 1;
export const FAILED = 2;
export const ENDED = 3;

/** The largest range one request may ask for, in bytes. */
export const PROBE_LIMIT = 4 * 1024 * 1024;
