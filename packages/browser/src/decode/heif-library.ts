/** The functions of libheif's C interface that are called, and what they write. */
import { damaged, type HashError, noMemory, unsupported } from "../errors.js";

type Address = number;

/** What is called. A function that can fail writes its code, subcode and text to the address `error`. */
export interface HeifFunctions {
  HEAPU8: Uint8Array;
  HEAPU32: Uint32Array;
  malloc(bytes: number): Address;
  free(at: Address): void;
  heif_context_alloc(): Address;
  heif_context_free(context: Address): void;
  heif_context_read_from_memory_without_copy(
    error: Address,
    context: Address,
    at: Address,
    bytes: number,
    options: Address,
  ): void;
  heif_context_get_primary_image_handle(error: Address, context: Address, handle: Address): void;
  heif_image_handle_release(handle: Address): void;
  heif_image_handle_get_width(handle: Address): number;
  heif_image_handle_get_height(handle: Address): number;
  heif_image_handle_get_luma_bits_per_pixel(handle: Address): number;
  heif_image_handle_get_preferred_decoding_colorspace(
    error: Address,
    handle: Address,
    space: Address,
    chroma: Address,
  ): void;
  heif_decoding_options_alloc(): Address;
  heif_decoding_options_free(options: Address): void;
  heif_decode_image(
    error: Address,
    handle: Address,
    image: Address,
    space: number,
    chroma: number,
    options: Address,
  ): void;
  heif_image_get_width(image: Address, channel: number): number;
  heif_image_get_height(image: Address, channel: number): number;
  heif_image_get_bits_per_pixel_range(image: Address, channel: number): number;
  heif_image_get_plane_readonly(image: Address, channel: number, stride: Address): Address;
  heif_image_release(image: Address): void;
}

/** What libheif-js exports: its memory, and the functions behind an underscore. */
export type HeifExports = object;

function functionsOf(exported: HeifExports): HeifFunctions {
  const functions = Object.entries(exported).filter(([name]) => /^_(heif_|malloc$|free$)/.test(name));
  const own = Object.fromEntries(functions.map(([name, value]) => [name.slice(1), value as unknown]));
  const memory = exported as Pick<HeifFunctions, "HEAPU8" | "HEAPU32">;
  // The memory is another array whenever it has grown.
  return Object.defineProperties(own, {
    HEAPU8: { get: () => memory.HEAPU8 },
    HEAPU32: { get: () => memory.HEAPU32 },
  }) as unknown as HeifFunctions;
}

const codes = { unsupportedType: 3, unsupportedFeature: 4, memory: 6 };
/** The subcode of an error of memory that is a limit of libheif itself. */
const ownLimit = 1000;

function failure(code: number, subcode: number, text: string): HashError {
  const why = text
    .replace(/[^\x20-\x7e]/g, " ")
    .trim()
    .slice(0, 200);
  if (code === codes.memory && subcode !== ownLimit) return noMemory();
  if (code === codes.unsupportedType || code === codes.unsupportedFeature)
    return unsupported(`a kind of HEIC (${why})`);
  return damaged(why === "" ? "it is damaged" : why);
}

/** Calls of libheif, which share a little memory for what they write. */
export class Heif {
  readonly library: HeifFunctions;
  readonly #error: Address;
  readonly #out: Address;

  constructor(exported: HeifExports) {
    const library = functionsOf(exported);
    this.library = library;
    this.#error = library.malloc(16);
    this.#out = library.malloc(16);
  }

  /** Calls a function that writes an error and up to two numbers, which are returned. @throws {HashError} */
  call(what: (error: Address, out: Address) => void): [number, number] {
    what(this.#error, this.#out);
    const [code, subcode, text] = this.#numbers(this.#error, 3) as [number, number, number];
    if (code !== 0) throw failure(code, subcode, this.#textAt(text));
    return this.#numbers(this.#out, 2) as [number, number];
  }

  /** Calls a function that writes a number. Returns its result and that number. */
  also(what: (out: Address) => number): [number, number] {
    const result = what(this.#out);
    return [result, this.#numbers(this.#out, 1)[0]!];
  }

  #numbers(at: Address, count: number): number[] {
    return [...this.library.HEAPU32.subarray(at >> 2, (at >> 2) + count)];
  }

  #textAt(at: Address): string {
    if (at === 0) return "";
    const { HEAPU8 } = this.library;
    return String.fromCharCode(...HEAPU8.subarray(at, Math.min(HEAPU8.indexOf(0, at), at + 300)));
  }
}
