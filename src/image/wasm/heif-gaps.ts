/** Finds the blocks that libheif's decoder leaves out. It says nothing of them: their memory stays as it was. */
import type { HeifLibrary } from "./heif-library.js";

/** Bytes of memory that a decode takes for each byte of a plane of the image: luma and colour twice, and RGB. */
const planes = 8;
/** Most bytes that are filled. */
const mostBytes = 2 ** 29;

/** Fills the memory that the next decode takes. @param plane bytes of one plane of the image. */
export function fillFree(library: HeifLibrary, value: number, plane: number): void {
  const bytes = Math.min(mostBytes, planes * plane + 2 ** 20);
  const at = library.malloc(bytes);
  if (at === 0) return;
  library.HEAPU8.fill(value, at, at + bytes);
  library.free(at);
}

/** Pixels of a row that must be equal. A block that is left out has 16×16 pixels or more. */
const side = 8;

/**
 * Whether a square of an image could be memory that was filled with the highest luma and colour before. As RGB that has
 * much red and blue, and less green.
 *
 * @param white whether it would be white, as it is where the file stores grey or RGB.
 */
export function mayBeGap(
  decoded: { data: Uint8Array; width: number; height: number; channels: 1 | 3; bits: number },
  white: boolean,
): boolean {
  const { width, height, channels, bits } = decoded;
  const data = bits > 8 ? new Uint16Array(decoded.data.buffer) : decoded.data;
  const most = 2 ** bits - 1;
  const high = 0.7 * most;
  const row = width * channels;
  // A square of twice this side has such a piece of a row.
  for (let y = 0; y < height; y += side) {
    for (let x = 0; x + side <= width; x += side) {
      const at = y * row + x * channels;
      if (data[at]! < high || data[at + channels - 1]! < high || (!white && data[at + 1]! > 0.8 * most)) continue;
      let same = channels;
      while (same < side * channels && data[at + same] === data[at + same - channels]) same++;
      if (same === side * channels) return true;
    }
  }
  return false;
}
