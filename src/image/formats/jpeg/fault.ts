import type { Encoded } from "../../input/encoded.js";
import { entropyFault } from "./entropy.js";
import { frameOf, isFrame, partsOf } from "./structure.js";

/** The processes that are coded by Huffman codes, which are read here. */
const huffman = new Set([0xc0, 0xc1, 0xc2]);

/**
 * Returns what is wrong with a JPEG of which the decoder complained, or undefined if no sample is missing.
 *
 * @param complaint what the decoder said.
 */
export async function jpegFault(image: Encoded, complaint: string): Promise<string | undefined> {
  for (const part of partsOf(image.bytes)) {
    if (!isFrame(part.marker)) continue;
    const frame = frameOf(part);
    if (frame !== undefined && huffman.has(frame.process)) return entropyFault(image.bytes, image.signal);
    break;
  }
  // Arithmetic codes are not read here. What the decoder says of their data is damage.
  return complaint.includes("Corrupt JPEG data") ? "its data are damaged" : undefined;
}
