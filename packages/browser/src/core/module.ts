/** The hash core in WebAssembly. It imports nothing, and its memory is wiped after every image. */
import { HashError } from "../errors.js";

/** The exports of bindings/wasm. Addresses and sizes are in bytes. */
export interface CoreExports {
  memory: WebAssembly.Memory;
  initialize(): void;
  allocate(bytes: number): number;
  wipe(): void;
  hash(
    data: number,
    size: number,
    width: number,
    height: number,
    channels: number,
    stride: number,
    method: number,
    orientations: number,
    kernel: number,
  ): number;
  result_of_hash(): number;
  kernels(): number;
  kernel_name(kernel: number): number;
  status_message(status: number): number;
  repack_16_to_8(buffer: number, samples: number): void;
  expand_luma(buffer: number, samples: number): void;
  distance(a: number, b: number): number;
  jpeg_read(data: number, size: number, all: number): number;
  jpeg_found(): number;
}

/**
 * The smallest module with an instruction of fixed-width SIMD that no older engine accepts: a function that splats a
 * zero and counts its bits.
 */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** Returns whether this browser runs the module with SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(simdProbe);
}

/** Starts a core. @throws {HashError} `ERR_EMPREINTE_BROWSER` if the module does not run here. */
export async function startCore(module: WebAssembly.Module | BufferSource): Promise<CoreExports> {
  try {
    const compiled = module instanceof WebAssembly.Module ? module : await WebAssembly.compile(module);
    const core = (await WebAssembly.instantiate(compiled)).exports as unknown as CoreExports;
    core.initialize();
    return core;
  } catch (cause) {
    const text =
      "This browser does not run the hashing program: WebAssembly is switched off or forbidden on this page.";
    throw new HashError("ERR_EMPREINTE_BROWSER", text, { cause });
  }
}

/** Reads a text that ends with a zero. */
export function textAt(core: CoreExports, at: number): string {
  const bytes = new Uint8Array(core.memory.buffer);
  return String.fromCharCode(...bytes.subarray(at, bytes.indexOf(0, at)));
}
