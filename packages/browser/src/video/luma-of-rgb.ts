/**
 * The luma of a frame that a browser converted to RGB before it hands it out, as Firefox does.
 *
 * Such a frame names a matrix, and often the wrong one: Firefox 153 names BT.709 for every H.264, VP8 and AV1. So the
 * matrix is found from the samples. Luma was a whole number, and R, G and B are luma plus shares of two colours that
 * the right weights cancel. With them the sum is near a whole number in every pixel, and with others it is anywhere.
 */

/**
 * The shares of red, green and blue in luma: ITU-R BT.601, BT.709 and BT.2020, as a converter with constants of six
 * bits has them. It limits the share of blue to 2, where BT.709 has 2.11 and BT.2020 has 2.14.
 */
const matrices: readonly (readonly [number, number, number])[] = [
  [0.299, 0.587, 0.114],
  [0.2104, 0.7117, 0.0778],
  [0.2641, 0.6728, 0.0631],
];

/** How 8 bits of luma became 0 … 255: `stored = from + value * steps / 255`. */
const ranges = {
  limited: { from: 16, steps: 219 },
  full: { from: 0, steps: 255 },
} as const;

export interface RgbFrame {
  /** The samples, four bytes for each pixel. */
  bytes: Uint8Array;
  /** Bytes before the first row, and from one row to the next. */
  plane: { offset: number; stride: number };
  width: number;
  height: number;
  /** Blue is the first byte and red the third. */
  blueFirst: boolean;
}

/** The weights of the first, second and third byte, in stored steps of luma. */
interface Conversion {
  weights: readonly [number, number, number];
  range: keyof typeof ranges;
}

/** Most pixels that are sampled. */
const most = 20_000;

/** Returns the mean squared distance of luma from whole numbers, in squared steps, for a sample of the pixels. */
function unevenness(frame: RgbFrame, { weights: [a, b, c] }: Conversion): number {
  const { bytes, plane, width, height } = frame;
  const every = Math.max(1, Math.ceil((width * height) / most)) | 1;
  let sum = 0;
  let count = 0;
  for (let at = 0; at < width * height; at += every) {
    const from = plane.offset + Math.floor(at / width) * plane.stride + 4 * (at % width);
    const [first, second, third] = [bytes[from]!, bytes[from + 1]!, bytes[from + 2]!];
    // A sample at the end of its range was cut there, and says nothing.
    if (Math.min(first, second, third) === 0 || Math.max(first, second, third) === 255) continue;
    const luma = a * first + b * second + c * third;
    sum += (luma - Math.round(luma)) ** 2;
    count++;
  }
  return count === 0 ? 1 : sum / count;
}

/** Returns the luma of a frame as it was stored, and whether it used all of 0 … 255. */
export function lumaOfRgb(frame: RgbFrame): { luma: Uint8Array; fullRange: boolean } {
  const { bytes, plane, width, height, blueFirst } = frame;
  const conversions = (["limited", "full"] as const).flatMap((range) =>
    matrices.map(([red, green, blue]): Conversion => {
      const scale = ranges[range].steps / 255;
      const [first, third] = blueFirst ? [blue, red] : [red, blue];
      return { weights: [first * scale, green * scale, third * scale], range };
    }),
  );
  const found = conversions.map((conversion) => unevenness(frame, conversion));
  const { weights, range } = conversions[found.indexOf(Math.min(...found))]!;
  const [a, b, c] = weights;
  const { from: black } = ranges[range];
  const luma = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    let from = plane.offset + y * plane.stride;
    for (let i = y * width; i < (y + 1) * width; i++, from += 4)
      luma[i] = black + a * bytes[from]! + b * bytes[from + 1]! + c * bytes[from + 2]! + 0.5;
  }
  return { luma, fullRange: range === "full" };
}
