import { LimitError } from "../../errors.js";
import type { Encoded } from "../input/encoded.js";
import {
  blocksOf,
  type Frame,
  frameOf,
  isFrame,
  isProgressive,
  partsOf,
  type Scan,
  scanOf,
} from "../formats/jpeg/structure.js";
import { damaged, unsupported } from "../decode/refusals.js";
import { checkPasses } from "./work.js";

/** Most scans of a JPEG. Encoders write 10, and none more than 64. libtiff and browsers stop at 100 as well. */
export const maxScans = 100;

/** Most bytes of EXIF, XMP, profiles and comments. A panorama of two eyes has some 20 million bytes of XMP. */
export const maxJpegMetadataBytes: number = 2 ** 26;

/** Most segments of a JPEG. The decoder keeps them, and goes through all of them several times. */
export const maxSegments: number = 2 ** 14;

/** Returns whether a segment is for programs (APP) or a comment. */
const isMetadata = (marker: number): boolean => marker === 0xfe || (marker >= 0xe0 && marker <= 0xef);

/** The processes that are decoded: baseline, extended and progressive, each with Huffman or arithmetic coding. */
const decoded = new Set([0xc0, 0xc1, 0xc2, 0xc9, 0xca]);

/** @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` for a kind of JPEG that is not decoded. */
function checkKind(image: Encoded, { process, precision, height, components }: Frame): void {
  if (process === 0xf7) throw unsupported(image, "a JPEG-LS");
  if (process === 0xc3 || process === 0xcb) throw unsupported(image, "a lossless JPEG");
  if (!decoded.has(process)) throw unsupported(image, "a hierarchical JPEG");
  if (precision !== 8) throw unsupported(image, `a ${precision}-bit JPEG`);
  if (height === 0) throw unsupported(image, "a JPEG that says its height after the data");
  if (![1, 3, 4].includes(components.length)) throw unsupported(image, `a JPEG of ${components.length} components`);
}

/** Which bits of which coefficients of each component have arrived. */
class Received {
  readonly #low: Uint8Array[];
  readonly #frame: Frame;

  constructor(frame: Frame) {
    this.#frame = frame;
    this.#low = frame.components.map(() => new Uint8Array(64).fill(255));
  }

  add({ components, from, to, low }: Scan): void {
    const progressive = isProgressive(this.#frame);
    for (const { index } of components) {
      if (progressive) this.#low[index]!.fill(low, from, to + 1);
      else this.#low[index]!.fill(0);
    }
  }

  get all(): boolean {
    return this.#low.every((bits) => bits.every((low) => low === 0));
  }
}

/**
 * Checks what the markers of a JPEG say, before anything is decoded. A JPEG of one scan is left after its first marker
 * of a scan. All scans of another are counted, because the decoder reads all of them before it gives the first row.
 *
 * @param bytes the JPEG: the file itself, or a part of a TIFF.
 * @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` for a kind that is not decoded; `ERR_EMPREINTE_CORRUPT` if
 * scans are missing. @throws {LimitError} for more than 100 scans, for too much metadata, or for more work than
 * `maxSeconds` allows.
 */
export function checkJpeg(image: Encoded, bytes: Uint8Array = image.bytes): void {
  const { name, limits } = image;
  let frame: Frame | undefined;
  let received: Received | undefined;
  let scans = 0;
  let samples = 0;
  let segments = 0;
  let metadata = 0;
  for (const part of partsOf(bytes)) {
    segments++;
    if (isMetadata(part.marker)) metadata += part.payload.length;
    if (metadata > maxJpegMetadataBytes || segments > maxSegments) {
      const text = `${name} has more than ${maxJpegMetadataBytes} bytes of metadata, or than ${maxSegments} segments`;
      throw new LimitError("metadata", `${text}, the most that is read`);
    }
    if (isFrame(part.marker)) {
      if (frame !== undefined) return; // The decoder refuses a second frame.
      frame = frameOf(part);
      if (frame === undefined) return;
      checkKind(image, frame);
      // The size is reported elsewhere, with the limit on pixels.
      if (frame.width * frame.height > limits.maxPixels) return;
      received = new Received(frame);
    }
    if (part.data === undefined || frame === undefined) continue;
    const scan = scanOf(part, frame);
    if (scan === undefined) return;
    received!.add(scan);
    if (!isProgressive(frame) && scans === 0 && received!.all) return;
    if (++scans > maxScans) {
      const text = `${name} has more than ${maxScans} scans, the most that a JPEG may have`;
      throw new LimitError("scans", text);
    }
    const blocks = blocksOf(frame);
    for (const { index } of scan.components) samples += 64 * blocks[index]!.across * blocks[index]!.down;
  }
  if (frame === undefined || scans === 0) return;
  checkPasses(image, `${scans} scans of ${frame.width}×${frame.height} pixels`, samples);
  if (!received!.all) throw damaged(image, "its last scans are missing");
}
