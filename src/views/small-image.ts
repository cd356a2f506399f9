import { nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import type { Samples } from "../image/samples.js";
import { native } from "../native/load.js";

/**
 * The pixels of the longer side. A view of 384 or 256 pixels has the hash of one of 1,024 apart from a bit or two: all
 * three are 36 bits off for an image that lost 8 % on each side. Detectors of straight edges need somewhat more.
 */
const longSide = 384;

/** A frame that is small enough to wait with some hundred others until its view is chosen. */
export type SmallImage = Omit<Samples, "hash">;

/** Returns a small copy of a frame, or undefined for grey with alpha and for a side below 32 pixels. */
export function smallImage(pixels: RawPixels): SmallImage | undefined {
  const checked = nativePixels(pixels);
  const { width, height, channels } = checked;
  if (channels === 2 || Math.min(width, height) < 32) return undefined;
  const share = Math.min(1, longSide / Math.max(width, height));
  const [small, low] = [width, height].map((side) => Math.max(5, Math.round(share * side))) as [number, number];
  const data = native.shrink(checked, small, low);
  return { data, width: small, height: low, channels: channels === 1 ? 1 : 3 };
}
