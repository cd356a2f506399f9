import sharp, { type Metadata, type Sharp } from "sharp";
import { EmpreinteError, ImageError, LimitError } from "../errors.js";
import type { Limits } from "../limits.js";
import { showHiddenColours } from "./gif.js";
import type { ImageFormat } from "./sniff.js";
import { ycbcrToRgb } from "./tiff.js";

/** An encoded image to decode. */
export interface Encoded {
  /** In memory that nothing else uses, because the decoder reads it on another thread. */
  bytes: Uint8Array;
  format: ImageFormat;
  /** What errors call the image. */
  name: string;
  limits: Required<Limits>;
  /** Ends the decoding between two steps. */
  signal: AbortSignal;
}

/** The stored samples of one page, rows without gaps. */
export interface Page {
  /** The number of the page, from 0. */
  page: number;
  /** True for the page whose hash is the hash of the file. */
  primary: boolean;
  data: Uint8Array;
  width: number;
  height: number;
  channels: number;
  /** Bits per sample. 16-bit samples have this machine's byte order. */
  depth: 8 | 16;
  /** True for 4 channels of ink, where 255 is full. */
  cmyk: boolean;
}

interface Layout {
  space: "b-w" | "grey16" | "srgb" | "rgb16" | "cmyk";
  depth: 8 | 16;
  channels: number;
}

/**
 * Pages of an animation are decoded in chunks of at most so many bytes and pages. sharp begins each chunk at the first
 * frame, so small chunks are slow and large ones take memory.
 */
const chunkBytes = 2 ** 26;
const chunkPages = 256;

/** Damage that hides pixels is an error. What every viewer ignores (trailing bytes, odd tags) is not. */
const failOn = "error";

/** Messages of sharp and libvips that have no information. */
const uninformative = /^(source: bad seek to \d+|unknown error|unsupported image format)$/i;

/** Makes one printable line of a message: "corrupt header: a\na" becomes "a". */
function cleaned(message: string): string {
  const lines = message
    .replace(/^Input (buffer|file) (has corrupt header: ?|contains )/, "")
    .split("\n")
    .map((line) => line.replace(/[^\x20-\x7e]/g, "").trim());
  const text = [...new Set(lines)].filter((line) => line !== "" && !uninformative.test(line)).join("; ");
  return text === "" ? "it is damaged" : text.slice(0, 200);
}

function failure(image: Encoded, error: unknown): Error {
  const { name, format, limits } = image;
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
 * Opens an image such that its stored samples are decoded, as the reference hashes them. No ICC transform is applied,
 * and no rotation by EXIF orientation: a rotated image is found by the hashes of its orientations. (A rotation that an
 * AVIF file itself prescribes is a part of decoding it.)
 */
function open(image: Encoded, maxPixels: number, pages?: { page: number; pages: number }): Sharp {
  const { bytes } = image;
  return sharp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
    ignoreIcc: true,
    autoOrient: false,
    limitInputPixels: maxPixels,
    sequentialRead: true,
    failOn,
    ...pages,
  });
}

async function readHeader(image: Encoded, page?: number): Promise<Metadata> {
  image.signal.throwIfAborted();
  let header: Metadata;
  try {
    // 0 means no limit here, so that our own error can state the size.
    header = await open(image, 0, page === undefined ? undefined : { page, pages: 1 }).metadata();
  } catch (error) {
    throw failure(image, error);
  }
  const { width, height } = header;
  if (width * height > image.limits.maxPixels) throw tooManyPixels(image.name, image.limits.maxPixels, width, height);
  return header;
}

/** Chooses the layout in which the samples arrive as they are stored. */
function layoutOf(image: Encoded, header: Metadata): Layout {
  const { space, depth, channels } = header;
  if (depth === "uchar") {
    if (space === "b-w" || space === "srgb" || space === "cmyk") return { space, depth: 8, channels };
  } else if (depth === "ushort") {
    if (space === "grey16" || space === "rgb16" || space === "cmyk") return { space, depth: 16, channels };
  }
  // CIELAB defines colours, so there is one right conversion. Floats and 32-bit integers have no agreed white.
  if (space === "lab" || space === "labs" || space === "labq") return { space: "srgb", depth: 8, channels };
  throw new ImageError(
    "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
    `${image.name} has ${channels} channels of ${depth} samples (${space}), which have no agreed conversion to 8 bits`,
  );
}

async function decode(
  image: Encoded,
  layout: Layout,
  rows: number,
  pages?: { page: number; pages: number },
): Promise<Page> {
  image.signal.throwIfAborted();
  const { limits } = image;
  let pipeline = open(image, limits.maxPixels * (pages?.pages ?? 1), pages);
  // Otherwise sharp converts CMYK by a profile. The core converts it as ImageMagick does.
  if (layout.space === "cmyk") pipeline = pipeline.pipelineColourspace("cmyk");
  // The core skips one alpha channel itself. Several would not fit.
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
    throw failure(image, error);
  }
  const { data, info } = decoded;
  const { width, channels } = info;
  const height = info.height / (pages?.pages ?? 1);
  if (height !== rows || data.length !== width * info.height * channels * (layout.depth / 8)) {
    throw failure(image, `the decoder gave ${data.length} bytes for ${width}×${info.height}×${channels}`);
  }
  if (image.format === "tiff" && layout.space === "srgb" && channels >= 3) {
    ycbcrToRgb(image.bytes, pages?.page ?? 0)?.(data, channels);
  }
  const cmyk = layout.space === "cmyk";
  return { page: pages?.page ?? 0, primary: true, data, width, height, channels, depth: layout.depth, cmyk };
}

/** Decodes the pages of a GIF or WebP. They have one size, and sharp gives several of them as one tall image. */
async function* decodeFrames(image: Encoded, header: Metadata, count: number): AsyncGenerator<Page, void, undefined> {
  const layout = layoutOf(image, header);
  const frameBytes = header.width * header.height * 4;
  const most = Math.max(1, Math.min(chunkPages, Math.floor(chunkBytes / frameBytes)));
  for (let page = 0; page < count;) {
    const pages = page === 0 && image.format === "gif" ? 1 : Math.min(most, count - page);
    const restore = page === 0 && image.format === "gif" ? showHiddenColours(image.bytes) : undefined;
    const tall = await decode(image, layout, header.height, { page, pages });
    restore?.();
    const size = tall.data.length / pages;
    for (let i = 0; i < pages; i++) {
      yield { ...tall, page: page + i, primary: page + i === 0, data: tall.data.subarray(i * size, (i + 1) * size) };
    }
    page += pages;
  }
}

/**
 * Decodes the first page (the primary one of an AVIF), or all of them in order.
 *
 * @throws {ImageError} if the image cannot be decoded.
 * @throws {LimitError} if it exceeds maxPixels, maxPages or maxSeconds.
 */
export async function* decodePages(image: Encoded, all: boolean): AsyncGenerator<Page, void, undefined> {
  const header = await readHeader(image);
  const count = all ? (header.pages ?? 1) : 1;
  const { maxPages } = image.limits;
  if (count > maxPages) {
    throw new LimitError(
      "maxPages",
      `${image.name} has ${count} pages, more than ${maxPages}; maxPages raises this limit`,
    );
  }
  if (image.format === "gif" || image.format === "webp") {
    yield* decodeFrames(image, header, count);
  } else if (count === 1) {
    yield decode(image, layoutOf(image, header), header.height);
  } else {
    // Sizes and samples may differ from page to page.
    for (let page = 0; page < count; page++) {
      const own = await readHeader(image, page);
      const decoded = await decode(image, layoutOf(image, own), own.height, { page, pages: 1 });
      yield { ...decoded, primary: page === (header.pagePrimary ?? 0) };
    }
  }
}
