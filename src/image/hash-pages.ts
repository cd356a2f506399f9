import type { CheckedHashOptions } from "../hash/options.js";
import type { PixelHash } from "../hash/result.js";
import { native } from "../native/load.js";
import type { Decoding } from "./decode/decoded.js";
import type { FileDigests } from "./input/digest.js";
import { hashPage } from "./hash-page.js";

/** The hash of one page of a TIFF, or of one frame of an animation. */
export interface PageHash extends PixelHash {
  /** The number of the page, from 0. */
  page: number;
}

/** The result of `hashImage`. */
export interface ImageHash extends PixelHash {
  /** Width of the stored image in pixels, before any rotation that its EXIF orientation requests. */
  width: number;
  /** Height of the stored image in pixels. */
  height: number;
  /**
   * Every page in order, with `pages: "all"`. The hash of the image is the first page's; for AVIF, the primary image's.
   */
  frames?: PageHash[];
  /**
   * True if the file has images behind the first, which were not read: frames of an animation, pages of a TIFF, images
   * of a HEIC or MPO, images behind the end of another. `pages: "all"` reads them, or says that it cannot.
   */
  furtherPages?: true;
  /** The digests of the file's bytes, with the option `digests`. */
  digests?: FileDigests;
}

/** Hashes the pages of an image that is decoded, or the first one only. */
export async function hashPages(
  { pages, digests, signal }: Decoding,
  options: { hash: CheckedHashOptions; all: boolean },
): Promise<ImageHash> {
  let image: ImageHash | undefined;
  const frames: PageHash[] = [];
  for await (const page of pages) {
    const hash = await hashPage(page, options.hash, signal);
    if (page.primary) image = { ...hash, width: page.width, height: page.height };
    frames.push({ page: page.page, ...hash });
    // Frames of an animation may share their memory with the next ones.
    if (!options.all) native.release(page.data);
  }
  return { ...image!, ...(options.all && { frames }), ...(digests && { digests }) };
}
