/** A box of an ISO-BMFF file or of another container of the same shape. */
export interface Box {
  type: string;
  /** The byte at which the content begins. */
  at: number;
  /** Where it ends, according to its length: this may be behind the end of the file. */
  end: number;
}

/**
 * Yields the boxes between two places of a file, up to where they cannot be followed. Each is longer than its header,
 * so there are few.
 */
export function* boxesIn(bytes: Uint8Array, from = 0, to: number = bytes.length): Generator<Box, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = Math.min(to, bytes.length);
  for (let at = from; at + 8 <= last;) {
    const start = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    // 1 says that a length of 64 bits follows, 0 that the box goes to the end.
    const isLong = start === 1 && at + 16 <= last;
    const length = isLong ? Number(view.getBigUint64(at + 8)) : start === 0 ? last - at : start;
    const header = isLong ? 16 : 8;
    if (length < header) return;
    yield { type, at: at + header, end: at + length };
    at += length;
  }
}

/** Returns the first box of a path of types, each inside the one before. */
export function boxAt(
  bytes: Uint8Array,
  path: readonly string[],
  from = 0,
  to: number = bytes.length,
): Box | undefined {
  const [first, ...rest] = path;
  for (const box of boxesIn(bytes, from, to)) {
    if (box.type !== first) continue;
    return rest.length === 0 ? box : boxAt(bytes, rest, box.at, Math.min(box.end, to));
  }
  return undefined;
}
