/** The errors of images that are not decoded, or not to their end. */
import { EmpreinteError, ImageError, LimitError } from "../../errors.js";
import type { Encoded } from "../input/encoded.js";
import type { ImageFormat } from "../input/sniff.js";

export const formatNames: Record<ImageFormat, string> = {
  jpeg: "JPEG",
  png: "PNG",
  gif: "GIF",
  webp: "WebP",
  tiff: "TIFF",
  avif: "AVIF",
  heic: "HEIC",
  jxl: "JPEG XL",
  jp2: "JPEG 2000",
  bmp: "BMP",
  ico: "ICO",
};

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

export function tooManyPages(name: string, pages: number, maxPages: number): LimitError {
  return new LimitError("maxPages", `${name} has ${pages} pages, more than ${maxPages}; maxPages raises this limit`);
}

/** @param kind what the image is: "a 12-bit JPEG". */
export function unsupported({ name }: Pick<Encoded, "name">, kind: string, cause?: unknown): ImageError {
  const text = `${name} is ${kind}, which the decoder does not read`;
  return new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text, cause === undefined ? undefined : { cause });
}

/** @param why what is wrong with the image: "its data end early". */
export function damaged({ name, format }: Pick<Encoded, "name" | "format">, why: string, cause?: unknown): ImageError {
  const text = `${name} cannot be decoded as ${formatNames[format]}: ${why}`;
  return new ImageError("ERR_EMPREINTE_CORRUPT", text, cause === undefined ? undefined : { cause });
}

/** Messages of sharp and libvips that have no information. */
const uninformative =
  /^(source: bad seek to \d+|unknown error|unsupported image format|Warning treated as error due to failOn setting)$/i;

/** Makes one printable line of a message: "corrupt header: a\na" becomes "a". */
function cleaned(message: string): string {
  const lines = message
    .replace(/^Input (buffer|file) (has corrupt header: ?|contains )/, "")
    .split("\n")
    .map((line) => line.replace(/[^\x20-\x7e]/g, "").trim());
  const text = [...new Set(lines)].filter((line) => line !== "" && !uninformative.test(line)).join("; ");
  return text === "" ? "it is damaged" : text.slice(0, 200);
}

/** What the decoder says of whole files that it does not read, and what they are. */
const kinds: readonly (readonly [says: RegExp, kind: (message: string) => string])[] = [
  [/bad labq format/, () => "an 8-bit CIELAB TIFF"],
  [
    /tiff2vips: .*(not supported|not configured|unsupported|not a whole number|samples out of range)/i,
    (message) => `a kind of TIFF (${cleaned(message)})`,
  ],
  [
    /Unsupported JPEG (data precision|process)|(Fractional sampling|CCIR601 sampling) not implemented/,
    (message) => `a kind of JPEG (${cleaned(message)})`,
  ],
  [
    /Unsupported (feature|codec|file-type|color conversion|generic compression method)/i,
    (message) => `a kind of AVIF (${cleaned(message)})`,
  ],
];

/** Makes one of our errors of what sharp reported, or of a sentence. */
export function decodingFailure(image: Encoded, error: unknown): Error {
  if (error instanceof EmpreinteError) return error;
  const { name, limits } = image;
  const message = error instanceof Error ? error.message : String(error);
  if (/exceeds pixel limit/.test(message)) return tooManyPixels(name, limits.maxPixels);
  if (/\btimeout: /.test(message)) return tooSlow(name, limits.maxSeconds);
  if (/allocate enough memory|out of memory/i.test(message)) {
    const text = `There is not enough memory to decode ${name}`;
    return new EmpreinteError("ERR_EMPREINTE_OUT_OF_MEMORY", text, { cause: error });
  }
  for (const [says, kind] of kinds) if (says.test(message)) return unsupported(image, kind(message), error);
  return damaged(image, cleaned(message), error);
}
