import { damaged, HashError } from "../errors.js";

/** The stored samples of an image, rows without gaps. */
export interface Decoded {
  data: Uint8Array;
  width: number;
  height: number;
  /** 1 grey, 3 RGB, 4 RGBA or RGB with an unused sample. */
  channels: 1 | 3 | 4;
}

/** Checks the sides that a header says, before anything is decoded. */
export function checkSides(width: number, height: number, maxPixels: number): void {
  if (width < 1 || height < 1) throw damaged(`it says that it has ${width}×${height} pixels`);
  if (width * height <= maxPixels) return;
  const text = `The image has ${width}×${height} pixels, more than the ${maxPixels} that are decoded.`;
  throw new HashError("ERR_EMPREINTE_LIMIT", text);
}
