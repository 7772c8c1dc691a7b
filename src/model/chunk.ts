/** Bytes of the source at a known offset, lying in a ring slot: valid until the slot is released. */
export interface Chunk {
  /** Byte offset on the source. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}
