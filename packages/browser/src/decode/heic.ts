/**
 * The primary image of a HEIC, by libheif, which the server uses as well. libheif says nothing of a block that it could
 * not decode: its memory stays as it was. So each image is decoded twice over different memory, and must be the same.
 */
import { damaged, noMemory } from "../errors.js";
import { checkSides, type Decoded } from "./decoded.js";
import { Heif, type HeifExports, type HeifFunctions } from "./heif-library.js";

const spaces = { rgb: 1, grey: 2 };
const layouts = { grey: 0, rgb: 10, rgb16: 14 };
const planes = { luma: 0, interleaved: 10 };
/** Where in the decoding options the flag is that makes damage an error. */
const strictAt = 21;
/** Bytes of memory that a decode takes for each byte of a plane of the image. */
const memoryPerPlane = 8;

interface Samples extends Decoded {
  bits: number;
}

/** Fills the memory that the next decode takes. */
function fillFree(library: HeifFunctions, value: number, plane: number): void {
  const bytes = Math.min(2 ** 29, memoryPerPlane * plane + 2 ** 20);
  const at = library.malloc(bytes);
  if (at === 0) return;
  library.HEAPU8.fill(value, at, at + bytes);
  library.free(at);
}

function decodeOnce(heif: Heif, handle: number, grey: boolean, deep: boolean): Samples {
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
    if (at === 0 || width < 1 || height < 1 || bits < 1 || bits > 16) throw damaged("its decoder gave no samples");
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

/** Scales samples of other depths to 8 bits: round(v · 255 / (2ⁿ − 1)). */
function to8Bits({ data, bits }: Samples): Uint8Array {
  if (bits === 8) return data;
  const most = 2 ** bits - 1;
  const scaled = Uint8Array.from({ length: most + 1 }, (_, value) => Math.round((value * 255) / most));
  if (bits < 8) return data.map((value) => scaled[value]!);
  const deep = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return Uint8Array.from(deep, (value) => scaled[Math.min(most, value)]!);
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

function decodeWhole(heif: Heif, handle: number): Samples {
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
  const first = decode(depth > 8 ? 2 ** (Math.min(16, depth) - 8) - 1 : 255);
  if (!same(first.data, decode(0).data)) throw damaged("a part of it is missing");
  return first;
}

let started: Promise<Heif> | undefined;

/** Decodes a HEIC. @param load loads libheif. */
export async function decodeHeic(
  bytes: Uint8Array,
  maxPixels: number,
  load: () => Promise<HeifExports>,
): Promise<Decoded> {
  const heif = await (started ??= load().then((library) => new Heif(library)));
  const { library } = heif;
  const file = library.malloc(bytes.length);
  if (file === 0) throw noMemory();
  library.HEAPU8.set(bytes, file);
  const context = library.heif_context_alloc();
  let handle = 0;
  try {
    heif.call((error) => library.heif_context_read_from_memory_without_copy(error, context, file, bytes.length, 0));
    [handle] = heif.call((error, out) => library.heif_context_get_primary_image_handle(error, context, out));
    const [across, down] = [library.heif_image_handle_get_width(handle), library.heif_image_handle_get_height(handle)];
    checkSides(across, down, maxPixels);
    const samples = decodeWhole(heif, handle);
    const { width, height, channels } = samples;
    return { data: to8Bits(samples), width, height, channels };
  } finally {
    if (handle !== 0) library.heif_image_handle_release(handle);
    library.heif_context_free(context);
    library.free(file);
    // What was decoded is overwritten where it was.
    fillFree(library, 0, Math.min(bytes.length, 2 ** 26));
  }
}
