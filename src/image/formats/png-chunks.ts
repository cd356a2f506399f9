/** A chunk of a PNG. */
export interface Chunk {
  type: string;
  data: Uint8Array;
}

/** Yields the chunks of a PNG, up to the last one that is whole. Checksums are left to the decoder. */
export function* chunksOfPng(png: Uint8Array): Generator<Chunk, void, undefined> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at);
    if (at + 12 + length > png.length) return;
    const type = String.fromCharCode(png[at + 4]!, png[at + 5]!, png[at + 6]!, png[at + 7]!);
    yield { type, data: png.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

export const isPngEnd = ({ type }: Chunk): boolean => type === "IEND";
