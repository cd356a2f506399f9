/** Generated images. */
import { scene } from "../../../../test/support/image/altered.ts";
import { pngOf } from "../../../../test/support/image/encoders.ts";

/** A PNG with light at several scales, as in a photograph. */
export function photograph(seed: number, width = 360, height = 270): Promise<Buffer> {
  const { data } = scene(seed, width, height);
  return pngOf(Uint8Array.from(data), width, height, 3);
}
