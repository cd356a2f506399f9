/** The functions of libheif's C interface that are called here, as the package libheif-js exports them. */
import { loadPackage } from "../../packages.js";

/** An address in the decoder's memory, or a number. */
type Address = number;

/** Functions that can fail write an error to the address `error`: its code, its subcode and the address of its text. */
export interface HeifLibrary {
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
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
  heif_context_get_number_of_top_level_images(context: Address): number;
  heif_context_get_list_of_top_level_image_IDs(context: Address, ids: Address, count: number): number;
  heif_context_get_primary_image_ID(error: Address, context: Address, id: Address): void;
  heif_context_get_image_handle(error: Address, context: Address, id: number, handle: Address): void;
  heif_context_has_sequence(context: Address): number;
  heif_context_get_track(context: Address, id: number): Address;
  heif_track_get_image_resolution(error: Address, track: Address, width: Address, height: Address): void;
  heif_track_decode_next_image(
    error: Address,
    track: Address,
    image: Address,
    space: number,
    chroma: number,
    options: Address,
  ): void;
  heif_track_release(track: Address): void;
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

/** What the package exports: its memory, and the functions behind an underscore. */
interface Exports extends Pick<HeifLibrary, "HEAPU8" | "HEAPU32"> {
  [name: `_${string}`]: unknown;
}

let loaded: HeifLibrary | undefined;

function load(): HeifLibrary {
  const library = loadPackage("libheif-js/wasm-bundle", "decodes HEIC images") as Exports;
  const functions = Object.entries(library).filter(([name]) => /^_(heif_|malloc$|free$)/.test(name));
  const own = Object.fromEntries(functions.map(([name, value]) => [name.slice(1), value]));
  // The memory is another array whenever it has grown.
  return Object.defineProperties(own, {
    HEAPU8: { get: () => library.HEAPU8 },
    HEAPU32: { get: () => library.HEAPU32 },
  }) as unknown as HeifLibrary;
}

/** Returns the library. Its memory grows with what is decoded. */
export const heifLibrary = (): HeifLibrary => (loaded ??= load());
