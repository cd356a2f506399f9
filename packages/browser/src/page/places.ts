/**
 * Where the files of this package are. Each `new URL(…, import.meta.url)` is written out, because bundlers find files
 * by exactly that.
 */
import type { Places } from "../worker/messages.js";

export function startWorker(folder: URL | undefined): Worker {
  if (folder !== undefined) return new Worker(new URL("worker.js", folder), { type: "module" });
  return new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
}

export function placesIn(folder: URL | undefined): Places {
  if (folder !== undefined) {
    const place = (name: string): string => new URL(name, folder).href;
    return {
      plain: place("wasm/empreinte.wasm"),
      simd: place("wasm/empreinte-simd.wasm"),
      libwebp: place("decoders/webp_dec.wasm"),
      libheif: place("decoders/libheif.mjs"),
      video: place("decoders/video.mjs"),
    };
  }
  return {
    plain: new URL("../wasm/empreinte.wasm", import.meta.url).href,
    simd: new URL("../wasm/empreinte-simd.wasm", import.meta.url).href,
    libwebp: new URL("../decoders/webp_dec.wasm", import.meta.url).href,
    libheif: new URL("../decoders/libheif.mjs", import.meta.url).href,
    video: new URL("../decoders/video.mjs", import.meta.url).href,
  };
}
