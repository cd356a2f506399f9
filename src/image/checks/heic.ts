import { damaged, tooManyPages } from "../decode/refusals.js";
import { boxAt, boxesIn } from "../formats/boxes.js";
import { extentsOf, unitLengthBytes } from "../formats/heif-items.js";
import type { Encoded } from "../input/encoded.js";

/** Returns how many frames the first track has that says so, or 0. */
function framesIn(bytes: Uint8Array): number {
  const movie = boxAt(bytes, ["moov"]);
  if (movie === undefined) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { type, at, end } of boxesIn(bytes, movie.at, movie.end)) {
    if (type !== "trak") continue;
    const sizes = boxAt(bytes, ["mdia", "minf", "stbl", "stsz"], at, end);
    // Version and flags, the common size, and the count.
    if (sizes !== undefined && sizes.at + 12 <= bytes.length) return view.getUint32(sizes.at + 8);
  }
  return 0;
}

/** What HEVC data never have: a byte of 3 comes between two zeros and a byte below 4. */
const impossible = [0, 1, 2].map((byte) => Buffer.from([0, 0, byte]));

/** Writers that split a stream at its start codes may leave so many zeros of the next one at the end of a unit. */
const mostTrailing = 3;

/** Returns whether a unit of HEVC data was overwritten with zeros, as the parts of a file are that never arrived. */
export function hasHole(unit: Buffer): boolean {
  let end = unit.length;
  while (end > Math.max(0, unit.length - mostTrailing) && unit[end - 1] === 0) end--;
  const data = unit.subarray(0, end);
  return data.at(-1) === 0 || impossible.some((bytes) => data.includes(bytes));
}

/** Whether any image has such a hole. Units whose lengths do not fit are left for the decoder to refuse. */
function hasHoles(bytes: Uint8Array): boolean {
  const lengthBytes = unitLengthBytes(bytes);
  for (const extents of extentsOf(bytes, "hvc1")) {
    const data = Buffer.concat(extents.map(([from, to]) => bytes.subarray(from, to)));
    for (let at = 0; at + lengthBytes < data.length;) {
      const start = at + lengthBytes;
      const end = start + data.readUIntBE(at, lengthBytes);
      if (end > data.length || end === start) break;
      // Types up to 31 are parts of an image.
      const isSlice = data[start]! >> 1 < 32;
      if (isSlice && hasHole(data.subarray(start, end))) return true;
      at = end;
    }
  }
  return false;
}

/**
 * Checks a HEIC. The sides of its images are checked when it is opened.
 * @param all whether all images are wanted.
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT` for data that were overwritten with zeros, of which the decoder makes an
 * image.
 * @throws {LimitError} for a sequence of too many frames.
 */
export function checkHeic(image: Encoded, all: boolean): void {
  const { bytes, name, limits } = image;
  const frames = all ? framesIn(bytes) : 0;
  if (frames > limits.maxPages) throw tooManyPages(name, frames, limits.maxPages);
  if (hasHoles(bytes)) throw damaged(image, "a part of its data is missing");
}
