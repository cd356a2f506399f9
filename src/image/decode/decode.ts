import type { Metadata, Sharp } from "sharp";
import { ImageError } from "../../errors.js";
import { Canvas } from "../formats/apng/canvas.js";
import { type Animation, animationOf, DamagedAnimation } from "../formats/apng/frames.js";
import { checkFirstFrame } from "../checks/gif.js";
import { checkTiffPage } from "../checks/tiff.js";
import { checkSides, checkWhole } from "../checks/work.js";
import type { Encoded } from "../input/encoded.js";
import { showHiddenColours } from "../formats/gif.js";
import { isArithmetic, lengthened } from "../formats/jpeg/arithmetic.js";
import { jpegFault } from "../formats/jpeg/fault.js";
import { hasHole } from "../formats/jpeg/hole.js";
import { type Header, jpegHeader } from "./jpeg-header.js";
import { damaged, decodingFailure, tooManyPages, tooManyPixels } from "./refusals.js";
import { sharp } from "./sharp.js";
import { ycbcrToRgb } from "../formats/tiff.js";
import { shortenedWebps } from "../formats/webp.js";

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

/**
 * What of the decoder's complaints ends the decoding. Damage that hides pixels does, and what every viewer ignores
 * (trailing bytes, odd tags) does not: that is "error", but for two formats. libjpeg only warns of data that end early,
 * and so does libvips of a tile of a TIFF that it cannot read. It never counts a warning of the tags of a tiled TIFF.
 */
type FailOn = "error" | "warning";

/** Which pages are decoded at once, and what ends it. */
interface Reading {
  page?: number;
  pages?: number;
  failOn?: FailOn;
}

/**
 * Opens an image such that its stored samples are decoded, as the reference hashes them. No ICC transform is applied,
 * and no rotation by EXIF orientation: a rotated image is found by the hashes of its orientations. (A rotation that an
 * AVIF file itself prescribes is a part of decoding it.)
 */
function open({ bytes }: Encoded, maxPixels: number, { failOn = "error", ...pages }: Reading = {}): Sharp {
  return sharp()(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
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
    throw decodingFailure(image, error);
  }
  const { width, height } = header;
  if (width * height > image.limits.maxPixels) throw tooManyPixels(image.name, image.limits.maxPixels, width, height);
  checkSides(image, width, height);
  checkWhole(image, width, height);
  return header;
}

/** Chooses the layout in which the samples arrive as they are stored. */
function layoutOf(image: Encoded, header: Header): Layout {
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

async function decode(image: Encoded, layout: Layout, rows: number, reading: Reading = {}): Promise<Page> {
  image.signal.throwIfAborted();
  const { limits } = image;
  const { page = 0, pages = 1 } = reading;
  let pipeline = open(image, limits.maxPixels * pages, reading);
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
    throw decodingFailure(image, error);
  }
  const { data, info } = decoded;
  const { width, channels } = info;
  const height = info.height / pages;
  if (height !== rows || data.length !== width * info.height * channels * (layout.depth / 8)) {
    throw decodingFailure(image, `the decoder gave ${data.length} bytes for ${width}×${info.height}×${channels}`);
  }
  if (image.format === "tiff" && layout.space === "srgb" && channels >= 3) {
    ycbcrToRgb(image.bytes, page)?.(data, channels);
  }
  const cmyk = layout.space === "cmyk";
  return { page, primary: true, data, width, height, channels, depth: layout.depth, cmyk };
}

/** Decodes the pages of a GIF or WebP. They have one size, and sharp gives several of them as one tall image. */
async function* decodeFrames(image: Encoded, header: Header, count: number): AsyncGenerator<Page, void, undefined> {
  const layout = layoutOf(image, header);
  const frameBytes = header.width * header.height * 4;
  const most = Math.max(1, Math.min(chunkPages, Math.floor(chunkBytes / frameBytes)));
  for (let page = 0; page < count;) {
    const pages = page === 0 && image.format === "gif" ? 1 : Math.min(most, count - page);
    const restore = page === 0 && image.format === "gif" ? showHiddenColours(image.bytes) : undefined;
    const tall = await decode(image, layout, header.height, { page, pages });
    restore?.();
    if (restore !== undefined) await checkFirstFrame(image, tall);
    const size = tall.data.length / pages;
    for (let i = 0; i < pages; i++) {
      yield { ...tall, page: page + i, primary: page + i === 0, data: tall.data.subarray(i * size, (i + 1) * size) };
    }
    page += pages;
  }
}

/** @throws {ImageError} if a frame of a WebP can be decoded without the last bytes of its data. */
async function checkWebpEnds(image: Encoded, all: boolean): Promise<void> {
  for (const bytes of shortenedWebps(image.bytes, all)) {
    const shorter = { ...image, bytes };
    const decoded = readHeader(shorter).then((header) => decode(shorter, layoutOf(shorter, header), header.height));
    const isRefused = await decoded.then(
      () => false,
      (error: unknown) => {
        if (error instanceof ImageError && error.code === "ERR_EMPREINTE_CORRUPT") return true;
        throw error;
      },
    );
    if (!isRefused) throw damaged(image, "a part of its data is missing");
  }
}

/** Decodes a JPEG, and makes sure that no part of the image is missing where the decoder warns of its data. */
async function decodeWarnedJpeg(image: Encoded, layout: Layout, rows: number): Promise<Page> {
  try {
    return await decode(image, layout, rows, { failOn: "warning" });
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== "ERR_EMPREINTE_CORRUPT") throw error;
    const fault = await jpegFault(image, error.message);
    if (fault !== undefined) throw damaged(image, fault, error);
    return decode(image, layout, rows);
  }
}

/**
 * Returns true where the last pixel is what libjpeg puts in the place of a block that is missing. libvips looks for
 * warnings before each eight rows, so it says nothing of the last ones.
 */
function endsGrey({ data, channels }: Page): boolean {
  return data.subarray(-channels).every((value) => value === 127 || value === 128);
}

/** Decodes a JPEG. @throws {ImageError} if its data end early, whatever follows them. */
async function decodeJpeg(image: Encoded, header: Header): Promise<Page> {
  const layout = layoutOf(image, header);
  const page = await decodeWarnedJpeg(image, layout, header.height);
  const fault = endsGrey(page) || hasHole(image.bytes) ? await jpegFault(image, "") : undefined;
  if (fault !== undefined) throw damaged(image, fault);
  if (isArithmetic(image.bytes)) {
    const longer = await decode({ ...image, bytes: lengthened(image.bytes) }, layout, header.height);
    if (Buffer.compare(page.data, longer.data) !== 0) throw damaged(image, "its data end early");
  }
  return page;
}

/** What libtiff warns of in fax codes, where it fills up the line. It also warns of tags, which hide no pixel. */
const faxDamage = /Premature EO[FL]|Line length mismatch|Bad code word|read error/;

async function decodeTiffPage(image: Encoded, header: Header, page: number): Promise<Page> {
  const { tiled, fax } = await checkTiffPage(image, page);
  const pages = { page, pages: 1 };
  const layout = layoutOf(image, header);
  if (fax) {
    try {
      return await decode(image, layout, header.height, { ...pages, failOn: "warning" });
    } catch (error) {
      if (!(error instanceof ImageError) || faxDamage.test(error.message)) throw error;
    }
  }
  return decode(image, layout, header.height, { ...pages, failOn: tiled ? "warning" : "error" });
}

/** Reads the chunks of an animation. @throws {ImageError} if they are damaged. */
function animationIn(image: Encoded): Animation | undefined {
  try {
    return animationOf(image.bytes);
  } catch (error) {
    if (error instanceof DamagedAnimation) throw damaged(image, error.message, error);
    throw error;
  }
}

/**
 * Decodes the frames of an animated PNG, each drawn over those before. The first page is the image that programs
 * without animation show, whether it is a frame or not.
 */
async function* decodeAnimation(
  image: Encoded,
  header: Header,
  animation: Animation,
): AsyncGenerator<Page, void, undefined> {
  const layout = layoutOf(image, header);
  const first = await decode(image, layout, header.height);
  const frameLayout = withAlpha(layout);
  const { frames, hiddenDefault, width, height } = animation;
  let canvas: Canvas | undefined;
  let page = 0;
  if (hiddenDefault) yield { ...first, page: page++ };
  for (const frame of frames) {
    const isFirst = page === 0;
    // The first frame is the image itself. Its alpha counts for those that cover it.
    const decoded =
      isFirst && frameLayout === layout ? first : await decodeFrame(image, animation.pngOf(frame), frameLayout);
    if (decoded.depth !== first.depth) throw damaged(image, "its frames have other samples");
    canvas ??= new Canvas(width, height, decoded);
    const data = canvas.draw(frame, decoded);
    const shown = decoded.channels === first.channels ? data : everyFourth(data, first.depth);
    yield { ...first, page, primary: isFirst, data: isFirst ? first.data : shown };
    page++;
  }
}

/** Grey with alpha is decoded as colours, because the decoder gives grey without its alpha. */
function withAlpha(layout: Layout): Layout {
  if (layout.channels !== 2) return layout;
  return { ...layout, space: layout.depth === 8 ? "srgb" : "rgb16", channels: 4 };
}

/** Returns the first of each four samples. */
function everyFourth(data: Uint8Array, depth: 8 | 16): Uint8Array {
  if (depth === 8) return Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]!);
  const from = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return new Uint8Array(Uint16Array.from({ length: from.length / 4 }, (_, i) => from[4 * i]!).buffer);
}

async function decodeFrame(image: Encoded, bytes: Uint8Array, layout: Layout): Promise<Page> {
  const frame = { ...image, bytes };
  const header = await readHeader(frame);
  return decode(frame, layout, header.height);
}

/**
 * Decodes the first page (the primary one of an AVIF), or all of them in order. Throws as `decodePages` does.
 *
 * @param image a JPEG, PNG, GIF, WebP, TIFF or AVIF that was checked.
 */
export async function* decodeBySharp(image: Encoded, all: boolean): AsyncGenerator<Page, void, undefined> {
  const { format, name, limits } = image;
  const header = (format === "jpeg" ? jpegHeader(image) : undefined) ?? (await readHeader(image));
  const animation = all && format === "png" ? animationIn(image) : undefined;
  const frames = animation && animation.frames.length + (animation.hiddenDefault ? 1 : 0);
  const count = all ? (frames ?? header.pages ?? 1) : 1;
  if (count > limits.maxPages) throw tooManyPages(name, count, limits.maxPages);
  if (animation !== undefined) yield* decodeAnimation(image, header, animation);
  else if (format === "gif" || format === "webp") {
    if (format === "webp") await checkWebpEnds(image, all);
    yield* decodeFrames(image, header, count);
  } else if (format === "jpeg") yield decodeJpeg(image, header);
  else if (count === 1)
    yield format === "tiff" ? decodeTiffPage(image, header, 0) : decode(image, layoutOf(image, header), header.height);
  else {
    // Sizes and samples may differ from page to page.
    for (let page = 0; page < count; page++) {
      const own = await readHeader(image, page);
      const decoded =
        format === "tiff"
          ? await decodeTiffPage(image, own, page)
          : await decode(image, layoutOf(image, own), own.height, { page, pages: 1 });
      yield { ...decoded, primary: page === (header.pagePrimary ?? 0) };
    }
  }
}
