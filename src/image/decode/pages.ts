import { checkImage } from "../checks/index.js";
import { bitmapPage } from "../formats/bitmap.js";
import { icoEntries, type IcoEntry, primaryOf } from "../formats/ico.js";
import { imagesBehind } from "../further/behind.js";
import { endOfImage } from "../further/ends.js";
import type { Encoded } from "../input/encoded.js";
import { decodeOnThread, isDecodedOnThread } from "../wasm/decode.js";
import { decodeBySharp, type Page } from "./decode.js";
import { damaged, tooManyPages } from "./refusals.js";

async function* decodeBmp(image: Encoded): AsyncGenerator<Page, void, undefined> {
  yield bitmapPage(image);
}

async function decodeEntry({ image, bitmap }: IcoEntry): Promise<Page> {
  if (bitmap !== undefined) return bitmapPage(image, bitmap);
  for await (const page of decodePages(image, false)) return page;
  throw damaged(image, "it has no image");
}

async function* decodeIco(image: Encoded, all: boolean): AsyncGenerator<Page, void, undefined> {
  const entries = icoEntries(image);
  const primary = primaryOf(entries);
  if (!all) {
    yield decodeEntry(entries[primary]!);
    return;
  }
  const { name, limits } = image;
  if (entries.length > limits.maxPages) throw tooManyPages(name, entries.length, limits.maxPages);
  for (const [page, entry] of entries.entries()) {
    yield { ...(await decodeEntry(entry)), page, primary: page === primary };
  }
}

/** Decodes the pages of an image, without the images behind its end. */
function decodeInside(image: Encoded, all: boolean): AsyncGenerator<Page, void, undefined> {
  const { format } = image;
  if (format === "bmp") return decodeBmp(image);
  if (format === "ico") return decodeIco(image, all);
  if (isDecodedOnThread(format)) return decodeOnThread({ ...image, format }, all);
  return decodeBySharp(image, all);
}

/**
 * Decodes the first page, or all of them in order: those of the image, then the images behind its end. The first page
 * of an AVIF or HEIC is its primary image, and that of an icon its largest.
 *
 * @throws {ImageError} if the image cannot be decoded.
 * @throws {LimitError} if it exceeds a limit.
 */
export async function* decodePages(image: Encoded, all: boolean): AsyncGenerator<Page, void, undefined> {
  const { name, limits } = image;
  await checkImage(image, all);
  const isHeif = image.format === "avif" || image.format === "heic";
  const rest = all || isHeif ? imagesBehind(image.bytes, image.format, name) : [];
  // The decoder of a HEIF would take the directory of the file behind it.
  const first = isHeif && rest.length > 0 ? { ...image, bytes: image.bytes.subarray(0, endOfImage(image)) } : image;
  if (!all) {
    yield* decodeInside(first, all);
    return;
  }
  let count = 0;
  for await (const page of decodeInside(first, all)) {
    count++;
    yield page;
  }
  for (const behind of rest) {
    // A decoder may read or change the bytes on another thread.
    const own = { ...image, format: behind.format, bytes: Uint8Array.prototype.slice.call(behind.bytes) };
    for await (const page of decodePages(own, all)) {
      if (count >= limits.maxPages) throw tooManyPages(name, count + 1, limits.maxPages);
      yield { ...page, page: count++, primary: false };
    }
  }
}
