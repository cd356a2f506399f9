/** The hash core and the decoders of this package, run by Node.js instead of a browser. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { HeifExports } from "../../dist/decode/heif-library.js";
import type { Decoders } from "../../dist/decode/hash-file.js";
import { root } from "../../../../test/support/run.ts";

export const modules = ["empreinte.wasm", "empreinte-simd.wasm"] as const;

const path = (name: string): string => join(root, "packages/browser/dist/wasm", name);

export const built: boolean = modules.every((name) => existsSync(path(name)));
/** Skips a test where the core is not built. */
export function needsCore(ctx: { skip(note: string): unknown }): void {
  if (!built) ctx.skip("skipped: needs npm run build:wasm (clang-19, lld-19)");
}

/** What of WebAssembly the types of Node.js do not have. */
interface Compiler {
  Module: { new (bytes: Uint8Array): object; imports(module: object): object[] };
}
const compiler = (globalThis as unknown as { WebAssembly: Compiler }).WebAssembly;

/** What a module imports. */
export const importsOf = (name: string): object[] => compiler.Module.imports(new compiler.Module(wasmBytes(name)));

export const wasmBytes = (name: string): Buffer => readFileSync(path(name));

const require = createRequire(import.meta.url);

/** libwebp makes an ImageData, which browsers have. */
class ImageDataLike {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

Object.assign(globalThis, { ImageData: ImageDataLike });

export const decoders: Decoders = {
  libwebp: async () => readFileSync(require.resolve("@jsquash/webp/codec/dec/webp_dec.wasm")),
  libheif: async () => require("libheif-js/wasm-bundle") as HeifExports,
};
