import { checkImage } from "../checks/index.js";
import { bmpHeader } from "../formats/bmp/header.js";
import { bmpPage } from "../formats/bmp/samples.js";
import { icoEntries, type IcoEntry, primaryOf } from "../formats/ico.js";
import type { Encoded } from "../input/encoded.js";
import { decodeOnThread, isDecodedOnThread } from "../wasm/decode.js";
import { decodeBySharp, type Page } from "./decode.js";
import { damaged, tooManyPages } from "./refusals.js";

function decodeBmp(image: Encoded): Promise<Page> {
  const { bytes } = image;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bmpPage(image, bmpHeader(image, 14, view.getUint32(10, true)));
}

async function decodeEntry({ image, bitmap }: IcoEntry): Promise<Page> {
  if (bitmap !== undefined) return bmpPage(image, bitmap);
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

/**
 * Decodes the first page, or all of them in order. The first page of an AVIF or HEIC is its primary image, and that of
 * an icon its largest.
 *
 * @throws {ImageError} if the image cannot be decoded.
 * @throws {LimitError} if it exceeds a limit.
 */
export async function* decodePages(image: Encoded, all: boolean): AsyncGenerator<Page, void, undefined> {
  await checkImage(image, all);
  const { format } = image;
  if (format === "bmp") yield decodeBmp(image);
  else if (format === "ico") yield* decodeIco(image, all);
  else if (isDecodedOnThread(format)) yield* decodeOnThread({ ...image, format }, all);
  else yield* decodeBySharp(image, all);
}
