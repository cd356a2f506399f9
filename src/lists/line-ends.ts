const cr = 0x0d;
const lf = 0x0a;
const nothing = new Uint8Array(0);

/**
 * Makes a line feed of each carriage return that none follows, so that a list with the line ends of the old Mac OS
 * (Excel writes them) has the lines that its author saw. All other bytes stay as they are. Chunks are not changed in
 * place.
 */
export class LineEnds {
  /** Whether the last chunk ended with a carriage return that was held back. */
  #held = false;

  /** Returns the bytes of a chunk. A carriage return at its end waits for the next chunk. */
  take(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk;
    if (!this.#held && chunk.indexOf(cr) < 0) return chunk;
    let bytes = chunk;
    if (this.#held) {
      bytes = new Uint8Array(chunk.length + 1);
      bytes[0] = cr;
      bytes.set(chunk, 1);
    }
    this.#held = bytes.at(-1) === cr;
    if (this.#held) bytes = bytes.subarray(0, -1);
    let owned = bytes.buffer !== chunk.buffer;
    for (let at = bytes.indexOf(cr); at >= 0; at = bytes.indexOf(cr, at + 1)) {
      if (bytes[at + 1] === lf) continue;
      if (!owned) bytes = new Uint8Array(bytes);
      owned = true;
      bytes[at] = lf;
    }
    return bytes;
  }

  /** Returns what was held back. */
  end(): Uint8Array {
    return this.#held ? Uint8Array.of(lf) : nothing;
  }
}
