/** The luma of a decoded frame, without a canvas. */
import { hashPlaced, place } from "../core/hash.js";
import type { CoreExports } from "../core/module.js";
import { unsupported } from "../errors.js";
import type { PixelHash } from "../results.js";
import { lumaOfRgb } from "./luma-of-rgb.js";

/** What is used of a frame. */
export interface Frame {
  readonly format: string | null;
  readonly visibleRect: { left: number; top: number; width: number; height: number };
  readonly colorSpace: { readonly fullRange: boolean | null };
  allocationSize(options: { rect: Frame["visibleRect"] }): number;
  copyTo(
    to: Uint8Array,
    options: { rect: Frame["visibleRect"] },
  ): Promise<readonly { offset: number; stride: number }[]>;
}

/** Bits of a sample of a format whose first plane is luma, or undefined for other formats. */
function lumaBits(format: string | null): number | undefined {
  const found = /^(?:I(?:420|422|444)A?(?:P(10|12))?|NV12)$/.exec(format ?? "");
  return found === null ? undefined : Number(found[1] ?? 8);
}

/** Copies the rows of a plane without the gaps between them, with 8 bits a sample. */
function packed(
  bytes: Uint8Array,
  plane: { offset: number; stride: number },
  width: number,
  height: number,
  bits: number,
): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = plane.offset + y * plane.stride;
    if (bits === 8) out.set(bytes.subarray(from, from + width), y * width);
    else
      for (let x = 0; x < width; x++) {
        const value = bytes[from + 2 * x]! | (bytes[from + 2 * x + 1]! << 8);
        out[y * width + x] = Math.min(255, (value + (1 << (bits - 9))) >> (bits - 8));
      }
  }
  return out;
}

/** Hashes a frame, and wipes every copy of it. */
export async function hashFrame(core: CoreExports, frame: Frame, orientations: boolean): Promise<PixelHash> {
  const { visibleRect, format, colorSpace } = frame;
  const rect = visibleRect;
  const { width, height } = rect;
  const bytes = new Uint8Array(frame.allocationSize({ rect }));
  const [plane] = await frame.copyTo(bytes, { rect });
  if (plane === undefined) throw unsupported("a video whose frames have no samples");
  const bits = lumaBits(format);
  let samples: Uint8Array;
  let fullRange = colorSpace.fullRange === true;
  if (bits !== undefined) samples = packed(bytes, plane, width, height, bits);
  else if (/^(?:RGB|BGR)[AX]$/.test(format ?? ""))
    ({ luma: samples, fullRange } = lumaOfRgb({ bytes, plane, width, height, blueFirst: format!.startsWith("B") }));
  else throw unsupported(`a video whose frames this browser does not hand out (${format ?? "no format"})`);
  try {
    const at = place(core, samples);
    if (!fullRange) core.expand_luma(at, samples.length);
    return hashPlaced(core, { at, width, height, channels: 1 }, { orientations });
  } finally {
    bytes.fill(0);
    samples.fill(0);
    core.wipe();
  }
}
