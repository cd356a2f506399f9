import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { LimitError } from "../../errors.js";
import type { Encoded } from "../input/encoded.js";
import { type Chunk, chunksOfPng, isPngEnd } from "../formats/png-chunks.js";
import { checkPasses } from "./work.js";

/** Most bytes that the compressed text and colour profiles of a PNG may expand to, all together. */
export const maxMetadataBytes: number = 2 ** 24;

/** Deflate expands at most so many times. */
const mostExpansion = 1032;

/** The passes of an interlaced PNG. */
const passes = 7;

const inflated = promisify(inflate);

/** Returns the deflated bytes of a chunk of text or of a colour profile, or undefined for any other chunk. */
function compressedIn({ type, data }: Chunk): Uint8Array | undefined {
  const zero = data.indexOf(0);
  if (zero < 0) return undefined;
  if (type === "zTXt" || type === "iCCP") return data.subarray(zero + 2);
  // iTXt: keyword, 0, whether it is compressed, method, language, 0, translated keyword, 0.
  if (type !== "iTXt" || data[zero + 1] !== 1) return undefined;
  const language = data.indexOf(0, zero + 3);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  return translated < 0 ? undefined : data.subarray(translated + 1);
}

function tooMuchMetadata(name: string): LimitError {
  const text = `${name} has text, EXIF or a colour profile of more than ${maxMetadataBytes} bytes, the most that is read`;
  return new LimitError("metadata", text);
}

/** @throws {LimitError} if text and profiles expand to more than the limit. They are only expanded if they could. */
async function checkExpansion(
  { name, signal }: Encoded,
  compressed: readonly Uint8Array[],
  plain: number,
): Promise<void> {
  let left = maxMetadataBytes - plain;
  let most = compressed.reduce((sum, { length }) => sum + length * mostExpansion, 0);
  for (const bytes of compressed) {
    if (left < 0) throw tooMuchMetadata(name);
    if (most <= left) return;
    signal.throwIfAborted();
    most -= bytes.length * mostExpansion;
    try {
      left -= (await inflated(bytes, { maxOutputLength: left + 1 })).length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooMuchMetadata(name);
      // Damaged text hides no pixel. The decoder leaves it out.
    }
  }
  if (left < 0) throw tooMuchMetadata(name);
}

/**
 * Checks the chunks of a PNG before it is decoded.
 * @throws {LimitError} for metadata above the limit, or for an interlaced image with more work than `maxSeconds`
 * allows.
 */
export async function checkPng(image: Encoded): Promise<void> {
  const compressed: Uint8Array[] = [];
  let plain = 0;
  for (const chunk of chunksOfPng(image.bytes)) {
    const { type, data } = chunk;
    if (type === "IHDR" && data.length >= 13) checkInterlaced(image, data);
    const bytes = compressedIn(chunk);
    if (bytes !== undefined) compressed.push(bytes);
    else if (["tEXt", "iTXt", "eXIf"].includes(type)) plain += data.length;
    if (isPngEnd(chunk)) break;
  }
  await checkExpansion(image, compressed, plain);
}

function checkInterlaced(image: Encoded, header: Uint8Array): void {
  if (header[12] === 0) return;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  // The size is reported elsewhere, with the limit on pixels.
  if (width * height > image.limits.maxPixels) return;
  checkPasses(image, `${passes} passes over ${width}×${height} pixels`, passes * width * height);
}
