/** Decodes the images of a HEIC on the thread of a decoder, by libheif. */
import { fillFree, mayBeGap } from "./heif-gaps.js";
import { type HeifLibrary, heifLibrary } from "./heif-library.js";
import { type Decoded, type Decoder, DecoderFailure } from "./messages.js";

const spaces = { yCbCr: 0, rgb: 1, grey: 2 } as const;
/** Layouts of the samples: one plane, RGB of 8 bits, RGB of 16 bits with the low byte first. */
const layouts = { grey: 0, rgb: 10, rgb16: 14 } as const;
const planes = { luma: 0, interleaved: 10 } as const;
const codes = { unsupportedType: 3, unsupportedFeature: 4, memory: 6 } as const;
/** The subcode of an error of memory that is a limit of libheif itself. */
const ownLimit = 1000;
/** Where in the decoding options the flag is that makes damage an error. */
const strictAt = 21;

function failureOf(code: number, subcode: number, text: string): DecoderFailure {
  const why = text
    .replace(/[^\x20-\x7e]/g, " ")
    .trim()
    .slice(0, 200);
  if (code === codes.memory && subcode !== ownLimit) return new DecoderFailure("memory", why);
  if (code === codes.unsupportedType || code === codes.unsupportedFeature)
    return new DecoderFailure("unsupported", `a kind of HEIC (${why})`);
  return new DecoderFailure("corrupt", why === "" ? "it is damaged" : why);
}

/** Calls of libheif, which share a little memory for what they write. */
class HeifCalls {
  readonly library: HeifLibrary = heifLibrary();
  readonly #error: number = this.library.malloc(16);
  readonly #out: number = this.library.malloc(16);

  /** Calls a function that writes an error, and up to two numbers, which are returned. @throws {DecoderFailure} */
  call(what: (error: number, out: number) => void): [number, number] {
    what(this.#error, this.#out);
    const [code, subcode, text] = this.#numbers(this.#error, 3) as [number, number, number];
    if (code !== 0) throw failureOf(code, subcode, this.#textAt(text));
    return this.#numbers(this.#out, 2) as [number, number];
  }

  /** Calls a function that writes a number. Returns its result and that number. */
  also(what: (out: number) => number): [result: number, written: number] {
    const result = what(this.#out);
    return [result, ...this.#numbers(this.#out, 1)] as [number, number];
  }

  #numbers(at: number, count: number): number[] {
    return [...this.library.HEAPU32.subarray(at >> 2, (at >> 2) + count)];
  }

  #textAt(at: number): string {
    const { HEAPU8 } = this.library;
    const end = HEAPU8.indexOf(0, at);
    return at === 0 ? "" : String.fromCharCode(...HEAPU8.subarray(at, Math.min(end, at + 300)));
  }
}

let calls: HeifCalls | undefined;

/** Returns the numbers of the images, without thumbnails and the like, and which of them is the primary one. */
function imagesOf(heif: HeifCalls, context: number): { ids: number[]; primary: number } {
  const { library } = heif;
  const count = library.heif_context_get_number_of_top_level_images(context);
  if (count === 0) return { ids: [], primary: 0 };
  const list = library.malloc(4 * count);
  const written = library.heif_context_get_list_of_top_level_image_IDs(context, list, count);
  const ids = [...library.HEAPU32.subarray(list >> 2, (list >> 2) + written)];
  library.free(list);
  const [primary] = heif.call((error, out) => library.heif_context_get_primary_image_ID(error, context, out));
  return { ids, primary: Math.max(0, ids.indexOf(primary)) };
}

/** The samples of an image, and how many bits each has. */
interface Samples {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3;
  bits: number;
}

/**
 * Decodes an image and copies its samples: of more than 8 bits, two bytes each. Its memory is free again afterwards.
 */
function decodeOnce(heif: HeifCalls, handle: number, grey: boolean, deep: boolean): Samples {
  const { library } = heif;
  const [space, layout] = grey ? [spaces.grey, layouts.grey] : [spaces.rgb, deep ? layouts.rgb16 : layouts.rgb];
  const plane = grey ? planes.luma : planes.interleaved;
  const options = library.heif_decoding_options_alloc();
  library.HEAPU8[options + strictAt] = 1;
  let image = 0;
  try {
    [image] = heif.call((error, out) => library.heif_decode_image(error, handle, out, space, layout, options));
    const [width, height] = [library.heif_image_get_width(image, plane), library.heif_image_get_height(image, plane)];
    const bits = library.heif_image_get_bits_per_pixel_range(image, plane);
    const [at, stride] = heif.also((out) => library.heif_image_get_plane_readonly(image, plane, out));
    if (at === 0 || width < 1 || height < 1 || bits < 1 || bits > 16)
      throw new DecoderFailure("corrupt", "its decoder gave no samples");
    const channels = grey ? 1 : 3;
    const row = width * channels * (bits > 8 ? 2 : 1);
    const data = new Uint8Array(row * height);
    for (let y = 0; y < height; y++) data.set(library.HEAPU8.subarray(at + y * stride, at + y * stride + row), y * row);
    return { data, width, height, channels, bits };
  } finally {
    if (image !== 0) library.heif_image_release(image);
    library.heif_decoding_options_free(options);
  }
}

/**
 * Decodes an image. If the decoder leaves out a block that is damaged, its memory is as it was before. So it is filled
 * first, and if any part of the image could be the filling, the image is decoded over another one and must be the same.
 */
function decodeWhole(heif: HeifCalls, handle: number): Samples {
  const { library } = heif;
  const [space] = heif.call((error, out) =>
    library.heif_image_handle_get_preferred_decoding_colorspace(error, handle, out, out + 4),
  );
  const depth = library.heif_image_handle_get_luma_bits_per_pixel(handle);
  const size = library.heif_image_handle_get_width(handle) * library.heif_image_handle_get_height(handle);
  const decode = (filling: number): Samples => {
    fillFree(library, filling, size * (depth > 8 ? 2 : 1));
    return decodeOnce(heif, handle, space === spaces.grey, depth > 8);
  };
  // The highest sample, in one byte and in two.
  const high = depth > 8 ? 2 ** (Math.min(16, depth) - 8) - 1 : 255;
  const samples = decode(high);
  if (mayBeGap(samples, space !== spaces.yCbCr) && Buffer.compare(samples.data, decode(0).data) !== 0)
    throw new DecoderFailure("corrupt", "a part of it is missing");
  return samples;
}

/** Scales samples of more than 8 bits to 8: round(v · 255 / (2ⁿ − 1)). */
function to8Bits({ data, bits }: Samples): Uint8Array {
  if (bits === 8) return data;
  const most = 2 ** bits - 1;
  const scaled = Uint8Array.from({ length: most + 1 }, (_, value) => Math.round((value * 255) / most));
  if (bits < 8) return data.map((value) => scaled[value]!);
  const deep = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const result = new Uint8Array(deep.length);
  for (let i = 0; i < deep.length; i++) result[i] = scaled[Math.min(most, deep[i]!)]!;
  return result;
}

/** Opens a HEIC. @param all whether all its images are wanted, or the primary one. */
export function openHeif(bytes: Uint8Array, all: boolean): Decoder {
  const heif = (calls ??= new HeifCalls());
  const { library } = heif;
  const file = library.malloc(bytes.length);
  if (file === 0) throw new DecoderFailure("memory", "");
  library.HEAPU8.set(bytes, file);
  const context = library.heif_context_alloc();
  const handles: number[] = [];
  const close = (): void => {
    for (const handle of handles) library.heif_image_handle_release(handle);
    library.heif_context_free(context);
    library.free(file);
  };
  try {
    heif.call((error) => library.heif_context_read_from_memory_without_copy(error, context, file, bytes.length, 0));
    const { ids, primary } = imagesOf(heif, context);
    for (const id of all ? ids : ids.slice(primary, primary + 1)) {
      const [handle] = heif.call((error, out) => library.heif_context_get_image_handle(error, context, id, out));
      handles.push(handle);
    }
    const pages = handles.map((handle) => ({
      width: library.heif_image_handle_get_width(handle),
      height: library.heif_image_handle_get_height(handle),
    }));
    const page = (number: number): Decoded => {
      const { width, height, channels, ...samples } = decodeWhole(heif, handles[number]!);
      const data = to8Bits({ width, height, channels, ...samples });
      return { data, width, height, channels, cmyk: false, memory: library.HEAPU8.length };
    };
    return { opened: { pages, primary: all ? primary : 0 }, page, close };
  } catch (error) {
    close();
    throw error;
  }
}
