import { nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import type { Samples } from "../image/samples.js";
import { native } from "../native/load.js";

/**
 * Pixels of the longer side. A view of 384 or 256 pixels has the hash that one of 1,024 has but for a bit or two (36 of 256
 * bits off for a picture that lost 8 % all round, with each of them); detectors of straight edges want some more.
 */
const longSide = 384;

/** A frame that is small enough to wait with some hundred others until it is known which view of it is wanted. */
export type SmallImage = Omit<Samples, "hash">;

/** Undefined of grey with alpha, and of what is too small for a view. */
export function smallPicture(pixels: RawPixels): SmallImage | undefined {
  const checked = nativePixels(pixels);
  const { width, height, channels } = checked;
  if (channels === 2 || Math.min(width, height) < 32) return undefined;
  const share = Math.min(1, longSide / Math.max(width, height));
  const [small, low] = [width, height].map((side) => Math.max(5, Math.round(share * side))) as [number, number];
  const data = native.shrink(checked, small, low);
  return { data, width: small, height: low, channels: channels === 1 ? 1 : 3 };
}
