import { damaged, tooManyPixels } from "../decode/refusals.js";
import type { Encoded } from "../input/encoded.js";
import { checkSides } from "./work.js";

/** Checks the sides that a header says. @throws {ImageError} for a side of 0 or less. @throws {LimitError} */
export function checkSize(image: Encoded, width: number, height: number): void {
  const { name, limits } = image;
  if (width < 1 || height < 1) throw damaged(image, `it is ${width}×${height} pixels`);
  if (width * height > limits.maxPixels) throw tooManyPixels(name, limits.maxPixels, width, height);
  checkSides(image, width, height);
}
