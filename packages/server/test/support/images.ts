/** Generated images. */
import { scene } from "../../../../test/support/altered.ts";
import { pngOf } from "../../../../test/support/encoders.ts";

/** A PNG with light at several scales, as in a photograph. */
export function photograph(seed: number, width = 360, height = 270): Promise<Buffer> {
  const { data } = scene(seed, width, height);
  return pngOf(Uint8Array.from(data), width, height, 3);
}
