/** The functions of libheif's C interface that are called here, as the package libheif-js exports them. */
import { loadPackage } from "../../packages.js";

/** An address in the decoder's memory, or a number. */
type Address = number;

/** Functions that can fail write an error to the address `error`: its code, its subcode and the address of its text. */
export interface HeifLibrary {
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  _malloc(bytes: number): Address;
  _free(at: Address): void;
  _heif_context_alloc(): Address;
  _heif_context_free(context: Address): void;
  _heif_context_read_from_memory_without_copy(
    error: Address,
    context: Address,
    at: Address,
    bytes: number,
    options: Address,
  ): void;
  _heif_context_get_number_of_top_level_images(context: Address): number;
  _heif_context_get_list_of_top_level_image_IDs(context: Address, ids: Address, count: number): number;
  _heif_context_get_primary_image_ID(error: Address, context: Address, id: Address): void;
  _heif_context_get_image_handle(error: Address, context: Address, id: number, handle: Address): void;
  _heif_context_has_sequence(context: Address): number;
  _heif_context_get_track(context: Address, id: number): Address;
  _heif_track_get_image_resolution(error: Address, track: Address, width: Address, height: Address): void;
  _heif_track_decode_next_image(
    error: Address,
    track: Address,
    image: Address,
    space: number,
    chroma: number,
    options: Address,
  ): void;
  _heif_track_release(track: Address): void;
  _heif_image_handle_release(handle: Address): void;
  _heif_image_handle_get_width(handle: Address): number;
  _heif_image_handle_get_height(handle: Address): number;
  _heif_image_handle_get_luma_bits_per_pixel(handle: Address): number;
  _heif_image_handle_get_preferred_decoding_colorspace(
    error: Address,
    handle: Address,
    space: Address,
    chroma: Address,
  ): void;
  _heif_decoding_options_alloc(): Address;
  _heif_decoding_options_free(options: Address): void;
  _heif_decode_image(
    error: Address,
    handle: Address,
    image: Address,
    space: number,
    chroma: number,
    options: Address,
  ): void;
  _heif_image_get_width(image: Address, channel: number): number;
  _heif_image_get_height(image: Address, channel: number): number;
  _heif_image_get_bits_per_pixel_range(image: Address, channel: number): number;
  _heif_image_get_plane_readonly(image: Address, channel: number, stride: Address): Address;
  _heif_image_release(image: Address): void;
}

let loaded: HeifLibrary | undefined;

/** Returns the library. Its memory grows with what is decoded. */
export function heifLibrary(): HeifLibrary {
  return (loaded ??= loadPackage("libheif-js/wasm-bundle", "decodes HEIC images") as HeifLibrary);
}
