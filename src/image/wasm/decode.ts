/** HEIC, JPEG XL and JPEG 2000, decoded in WebAssembly on a thread of its own. */
import { EmpreinteError } from "../../errors.js";
import { checkSize } from "../checks/sides.js";
import type { Page } from "../decode/decode.js";
import { damaged, tooManyPages, tooManyPixels, unsupported } from "../decode/refusals.js";
import type { Encoded } from "../input/encoded.js";
import type { ImageFormat } from "../input/sniff.js";
import type { Answer, Decoded, Failure, Opened, Question } from "./messages.js";
import { decoderPackages, requireDecoder, type WasmFormat } from "./packages.js";
import { acquire, type DecoderThread, release, ThreadEnded } from "./thread.js";

/** An encoded image of a format that is decoded here. */
interface WasmImage extends Encoded {
  format: WasmFormat;
}

export function isDecodedOnThread(format: ImageFormat): format is WasmFormat {
  return Object.hasOwn(decoderPackages, format);
}

function failure(image: WasmImage, { failed, why }: Failure): Error {
  const { name, limits } = image;
  if (failed === "pixels") return tooManyPixels(name, limits.maxPixels);
  if (failed === "unsupported") return unsupported(image, why);
  if (failed === "memory") {
    return new EmpreinteError("ERR_EMPREINTE_OUT_OF_MEMORY", `There is not enough memory to decode ${name}`);
  }
  if (failed === "package") return new EmpreinteError("ERR_EMPREINTE_NATIVE_LOAD", why);
  return damaged(image, why);
}

async function ask<T extends Opened | Decoded>(
  thread: DecoderThread,
  image: WasmImage,
  question: Question,
): Promise<T> {
  let answer: Answer;
  try {
    answer = await thread.ask(question, image.signal);
  } catch (error) {
    if (error instanceof ThreadEnded) throw damaged(image, `its decoder ended (${error.message})`, error);
    throw error;
  }
  if ("failed" in answer) throw failure(image, answer);
  return answer as T;
}

async function open(thread: DecoderThread, image: WasmImage, all: boolean): Promise<Opened> {
  const { format, bytes, name, limits } = image;
  const { maxPixels, maxPages } = limits;
  const opened = await ask<Opened>(thread, image, { kind: "open", format, bytes, all, maxPixels, maxPages });
  const { pages } = opened;
  if (pages.length === 0) throw damaged(image, "it has no image");
  if (pages.length > maxPages) throw tooManyPages(name, pages.length, maxPages);
  for (const { width, height } of pages) checkSize(image, width, height);
  return opened;
}

async function pageOf(thread: DecoderThread, image: WasmImage, page: number, primary: boolean): Promise<Page> {
  const { data, width, height, channels, cmyk } = await ask<Decoded>(thread, image, { kind: "page", page });
  if (data.length !== width * height * channels) throw damaged(image, "its decoder gave too few samples");
  return { page, primary, data, width, height, channels, depth: 8, cmyk };
}

/**
 * Decodes the primary image, or all in order. Throws as `decodePages` does.
 * @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` if the decoder is not installed.
 */
export async function* decodeOnThread(image: WasmImage, all: boolean): AsyncGenerator<Page, void, undefined> {
  requireDecoder(image.name, image.format);
  const thread = acquire();
  let held = true;
  try {
    const { pages, primary } = await open(thread, image, all);
    if (all) {
      for (let page = 0; page < pages.length; page++) yield pageOf(thread, image, page, page === primary);
      return;
    }
    const first = await pageOf(thread, image, 0, true);
    // Whoever wants the first page only need not end this generator, so the thread is given back before.
    release(thread);
    held = false;
    yield first;
  } finally {
    if (held) release(thread);
  }
}
