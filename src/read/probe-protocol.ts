/**
 * Between the probe and its child. Request: offset, length, two little-endian float64 (exact up to 2^53).
 * Reply: status (0 bytes follow, 1 the errno's name follows) and length of what follows, the same way.
 */
export const HEADER_BYTES = 16;

/** The largest range one request may ask for, in bytes. */
export const PROBE_LIMIT = 65_536;
