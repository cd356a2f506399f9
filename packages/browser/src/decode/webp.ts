/** Still WebP images, by libwebp, which the server uses as well. */
import createLibwebp from "@jsquash/webp/codec/dec/webp_dec.js";
import { damaged, unsupported } from "../errors.js";
import { checkSides, type Decoded } from "./decoded.js";

interface Libwebp {
  decode(bytes: Uint8Array): ImageData | null;
}

let library: Promise<Libwebp> | undefined;

/** Starts the decoder. @param bytes its WebAssembly. */
function start(bytes: Promise<BufferSource>): Promise<Libwebp> {
  const instantiateWasm = (imports: WebAssembly.Imports, use: (instance: WebAssembly.Instance) => void): object => {
    void bytes.then((source) => WebAssembly.instantiate(source, imports)).then(({ instance }) => use(instance));
    return {};
  };
  return createLibwebp({ noInitialRun: true, instantiateWasm }) as Promise<Libwebp>;
}

/** Reads the sides of the canvas from the first chunk, and refuses what has several images. */
function sidesOf(bytes: Uint8Array): [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 30) throw damaged("it ends early");
  const kind = String.fromCharCode(...bytes.subarray(12, 16));
  if (kind === "VP8X") {
    if ((bytes[20]! & 2) !== 0) throw unsupported("an animated WebP");
    const three = (at: number): number => bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    return [three(24) + 1, three(27) + 1];
  }
  if (kind === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (kind !== "VP8L") throw damaged("it does not begin with an image");
  const bits = view.getUint32(21, true);
  return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
}

/** Decodes a WebP. */
export async function decodeWebp(
  bytes: Uint8Array,
  maxPixels: number,
  wasm: () => Promise<BufferSource>,
): Promise<Decoded> {
  const [across, down] = sidesOf(bytes);
  checkSides(across, down, maxPixels);
  const image = (await (library ??= start(wasm()))).decode(bytes);
  if (image === null) throw damaged("its data are damaged or end early");
  const { data, width, height } = image;
  if (width !== across || height !== down) throw damaged("its parts have different sizes");
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height, channels: 4 };
}
