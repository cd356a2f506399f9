import sharp, { type Metadata, type Sharp } from "sharp";
import { EmpreinteError, ImageError, LimitError } from "../errors.js";
import type { Limits } from "../limits.js";
import { showHiddenColours } from "./gif.js";
import type { ImageFormat } from "./sniff.js";
import { ycbcrToRgb } from "./tiff.js";

/** An encoded picture to decode. */
export interface Encoded {
  /** Nobody else's: the decoder reads them off this thread. */
  bytes: Uint8Array;
  format: ImageFormat;
  /** What errors call it. */
  name: string;
  limits: Required<Limits>;
  stop: AbortSignal;
}

/** The stored samples of one page, rows without gaps. */
export interface Page {
  /** From 0. */
  page: number;
  /** True for the page that stands for the whole file. */
  primary: boolean;
  data: Uint8Array;
  width: number;
  height: number;
  channels: number;
  /** Bits a sample; 16 in this machine's byte order. */
  depth: 8 | 16;
  /** True for 4 channels of ink, 255 = full. */
  cmyk: boolean;
}

interface Layout {
  space: "b-w" | "grey16" | "srgb" | "rgb16" | "cmyk";
  depth: 8 | 16;
  channels: number;
}

/** Pages of an animation decoded at a time: sharp begins each time at the first frame, so few are slow and many take memory. */
const chunkBytes = 2 ** 26;
const chunkPages = 256;

/** Damage that hides pixels ends it; what every viewer shows without a word (trailing bytes, odd tags) does not. */
const failOn = "error";

/** What sharp and libvips say without saying anything. */
const saysNothing = /^(source: bad seek to \d+|unknown error|unsupported image format)$/i;

/** "corrupt header: a\na" to one printable line. */
function cleaned(message: string): string {
  const lines = message
    .replace(/^Input (buffer|file) (has corrupt header: ?|contains )/, "")
    .split("\n")
    .map((line) => line.replace(/[^\x20-\x7e]/g, "").trim());
  const text = [...new Set(lines)].filter((line) => line !== "" && !saysNothing.test(line)).join("; ");
  return text === "" ? "it is damaged" : text.slice(0, 200);
}

function failure(picture: Encoded, error: unknown): Error {
  const { name, format, limits } = picture;
  const message = error instanceof Error ? error.message : String(error);
  if (/exceeds pixel limit/.test(message)) return tooManyPixels(name, limits.maxPixels);
  if (/\btimeout: /.test(message)) return tooSlow(name, limits.maxSeconds);
  if (/allocate enough memory|out of memory/i.test(message)) {
    return new EmpreinteError("ERR_EMPREINTE_OUT_OF_MEMORY", `There is not enough memory to decode ${name}`, {
      cause: error,
    });
  }
  if (/bad labq format/.test(message)) {
    const text = `${name} is an 8-bit CIELAB TIFF, which the decoder does not read`;
    return new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text, { cause: error });
  }
  if (/tiff2vips: .*(not supported|not configured|unsupported|not a whole number)/.test(message)) {
    const text = `${name} is a kind of TIFF that the decoder does not read: ${cleaned(message)}`;
    return new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text, { cause: error });
  }
  const text = `${name} cannot be decoded as ${format === "webp" ? "WebP" : format.toUpperCase()}: ${cleaned(message)}`;
  return new ImageError("ERR_EMPREINTE_CORRUPT", text, { cause: error });
}

export function tooManyPixels(name: string, maxPixels: number, width?: number, height?: number): LimitError {
  const size = width === undefined ? "" : ` (${width}×${height})`;
  return new LimitError("maxPixels", `${name} has more than ${maxPixels} pixels${size}; maxPixels raises this limit`);
}

export function tooSlow(name: string, maxSeconds: number): LimitError {
  return new LimitError(
    "maxSeconds",
    `Decoding ${name} takes more than ${maxSeconds} seconds; maxSeconds raises this limit`,
  );
}

/**
 * The reference hashes the stored samples. So no ICC transform, and no turning by EXIF orientation, which no reference
 * hasher does: a turned picture is found by its orientation hashes. (A turn that an AVIF file itself prescribes is a part of
 * decoding it.)
 */
function open(picture: Encoded, maxPixels: number, pages?: { page: number; pages: number }): Sharp {
  const { bytes } = picture;
  return sharp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
    ignoreIcc: true,
    autoOrient: false,
    limitInputPixels: maxPixels,
    sequentialRead: true,
    failOn,
    ...pages,
  });
}

async function readHeader(picture: Encoded, page?: number): Promise<Metadata> {
  picture.stop.throwIfAborted();
  let header: Metadata;
  try {
    // 0: no limit here, so that the error can tell the size.
    header = await open(picture, 0, page === undefined ? undefined : { page, pages: 1 }).metadata();
  } catch (error) {
    throw failure(picture, error);
  }
  const { width, height } = header;
  if (width * height > picture.limits.maxPixels)
    throw tooManyPixels(picture.name, picture.limits.maxPixels, width, height);
  return header;
}

/** Which samples to ask for so that they arrive as stored. */
function layoutOf(picture: Encoded, header: Metadata): Layout {
  const { space, depth, channels } = header;
  if (depth === "uchar") {
    if (space === "b-w" || space === "srgb" || space === "cmyk") return { space, depth: 8, channels };
  } else if (depth === "ushort") {
    if (space === "grey16" || space === "rgb16" || space === "cmyk") return { space, depth: 16, channels };
  }
  // CIELAB is defined as colour, so there is one right conversion. Floats and 32-bit integers have no agreed white.
  if (space === "lab" || space === "labs" || space === "labq") return { space: "srgb", depth: 8, channels };
  throw new ImageError(
    "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
    `${picture.name} has ${channels} channels of ${depth} samples (${space}), which have no agreed conversion to 8 bits`,
  );
}

async function decode(
  picture: Encoded,
  layout: Layout,
  rows: number,
  pages?: { page: number; pages: number },
): Promise<Page> {
  picture.stop.throwIfAborted();
  const { limits } = picture;
  let pipeline = open(picture, limits.maxPixels * (pages?.pages ?? 1), pages);
  // Otherwise sharp converts CMYK by its own profile; the core does it as ImageMagick.
  if (layout.space === "cmyk") pipeline = pipeline.pipelineColourspace("cmyk");
  // One alpha channel is left to the core, which skips it; more would not fit.
  if (layout.channels > (layout.space === "b-w" || layout.space === "grey16" ? 2 : 4))
    pipeline = pipeline.removeAlpha();
  pipeline = pipeline
    .toColourspace(layout.space)
    .timeout({ seconds: Math.min(3600, Math.ceil(limits.maxSeconds)) })
    .raw({ depth: layout.depth === 16 ? "ushort" : "uchar" });
  let decoded;
  try {
    decoded = await pipeline.toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw failure(picture, error);
  }
  const { data, info } = decoded;
  const { width, channels } = info;
  const height = info.height / (pages?.pages ?? 1);
  if (height !== rows || data.length !== width * info.height * channels * (layout.depth / 8)) {
    throw failure(picture, `the decoder gave ${data.length} bytes for ${width}×${info.height}×${channels}`);
  }
  if (picture.format === "tiff" && layout.space === "srgb" && channels >= 3) {
    ycbcrToRgb(picture.bytes, pages?.page ?? 0)?.(data, channels);
  }
  const cmyk = layout.space === "cmyk";
  return { page: pages?.page ?? 0, primary: true, data, width, height, channels, depth: layout.depth, cmyk };
}

/** Pages of one size, decoded as one tall picture: GIF and WebP. */
async function* decodeFrames(picture: Encoded, header: Metadata, count: number): AsyncGenerator<Page, void, undefined> {
  const layout = layoutOf(picture, header);
  const frameBytes = header.width * header.height * 4;
  const most = Math.max(1, Math.min(chunkPages, Math.floor(chunkBytes / frameBytes)));
  for (let page = 0; page < count;) {
    const pages = page === 0 && picture.format === "gif" ? 1 : Math.min(most, count - page);
    const restore = page === 0 && picture.format === "gif" ? showHiddenColours(picture.bytes) : undefined;
    const tall = await decode(picture, layout, header.height, { page, pages });
    restore?.();
    const size = tall.data.length / pages;
    for (let i = 0; i < pages; i++) {
      yield { ...tall, page: page + i, primary: page + i === 0, data: tall.data.subarray(i * size, (i + 1) * size) };
    }
    page += pages;
  }
}

/**
 * The first page (an AVIF's primary one), or all of them in order.
 * @throws {ImageError} for what cannot be decoded. @throws {LimitError} for maxPixels, maxPages and maxSeconds.
 */
export async function* decodePages(picture: Encoded, all: boolean): AsyncGenerator<Page, void, undefined> {
  const header = await readHeader(picture);
  const count = all ? (header.pages ?? 1) : 1;
  const { maxPages } = picture.limits;
  if (count > maxPages) {
    throw new LimitError(
      "maxPages",
      `${picture.name} has ${count} pages, more than ${maxPages}; maxPages raises this limit`,
    );
  }
  if (picture.format === "gif" || picture.format === "webp") {
    yield* decodeFrames(picture, header, count);
  } else if (count === 1) {
    yield decode(picture, layoutOf(picture, header), header.height);
  } else {
    // Sizes and samples may differ from page to page.
    for (let page = 0; page < count; page++) {
      const own = await readHeader(picture, page);
      const decoded = await decode(picture, layoutOf(picture, own), own.height, { page, pages: 1 });
      yield { ...decoded, primary: page === (header.pagePrimary ?? 0) };
    }
  }
}
