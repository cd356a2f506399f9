import type { Reading } from "../reading.js";
import type { BmpHeader } from "./header.js";

/** Runs that are read before others may run. */
const slice = 2 ** 16;

/**
 * Expands runs of pixels into the numbers of their colours, rows without gaps, in the order in which they are stored.
 * Pixels that the runs skip have colour 0.
 *
 * @param into as many bytes as there are pixels, all 0.
 * @throws the error of damage if a run goes past the edge, or if the data end before the last pixel.
 */
export async function expandRuns(image: Reading, header: BmpHeader, into: Uint8Array): Promise<void> {
  const { bytes } = image;
  const { width, height, bits, dataAt } = header;
  let [at, x, y] = [dataAt, 0, 0];
  const take = (count: number): number => {
    if (x + count > width || y >= height) throw image.damaged("a run goes past its edge");
    const start = y * width + x;
    x += count;
    return start;
  };
  const isWhole = (): boolean => y >= height || (y === height - 1 && x === width);
  for (let run = 1; at + 1 < bytes.length; run++) {
    const [count, value] = [bytes[at]!, bytes[at + 1]!];
    at += 2;
    if (count > 0) {
      const start = take(count);
      if (bits === 8) into.fill(value, start, start + count);
      else for (let i = 0; i < count; i++) into[start + i] = i % 2 === 0 ? value >> 4 : value & 15;
    } else if (value === 0) {
      [x, y] = [0, y + 1];
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      if (at + 2 > bytes.length) break;
      x += bytes[at]!;
      y += bytes[at + 1]!;
      at += 2;
      if (x > width || y > height) throw image.damaged("a run goes past its edge");
    } else {
      const length = bits === 8 ? value : Math.ceil(value / 2);
      if (at + length > bytes.length) break;
      const start = take(value);
      for (let i = 0; i < value; i++) {
        into[start + i] = bits === 8 ? bytes[at + i]! : (bytes[at + (i >> 1)]! >> (i % 2 === 0 ? 4 : 0)) & 15;
      }
      at += length + (length & 1);
    }
    if (run % slice === 0) await image.pause();
  }
  if (!isWhole()) throw image.damaged("its data end early");
}
