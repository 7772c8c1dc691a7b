/** Bytes as they came, in parts, until it is known what they belong to. Nothing is copied. */
export class ByteQueue {
  #parts: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(part: Buffer): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#length += part.length;
  }

  /** Takes so many bytes off the front; as many must be there. */
  cut(bytes: number): Buffer[] {
    const taken: Buffer[] = [];
    let left = bytes;
    let whole = 0;
    for (; left > 0; whole += 1) {
      const part = this.#parts[whole];
      if (part === undefined || part.length > left) break;
      taken.push(part);
      left -= part.length;
    }
    this.#parts.splice(0, whole);
    const [first] = this.#parts;
    if (left > 0 && first !== undefined) {
      taken.push(first.subarray(0, left));
      this.#parts[0] = first.subarray(left);
    }
    this.#length -= bytes;
    return taken;
  }
}
