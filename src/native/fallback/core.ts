/** The hash core in WebAssembly, which `bindings/wasm` compiles, run by Node.js where no addon fits. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What is used of the exports of bindings/wasm. Addresses and sizes are in bytes. */
interface Exports {
  memory: { buffer: ArrayBuffer };
  initialize(): void;
  allocate(bytes: number): number;
  wipe(): void;
  hash(...numbers: number[]): number;
  result_of_hash(): number;
  kernels(): number;
  kernel_name(kernel: number): number;
  kernel_instructions(kernel: number): number;
  status_message(status: number): number;
  repack_16_to_8(at: number, samples: number): void;
  repack_cmyk_to_rgb(at: number, pixels: number): void;
  repack_drop_alpha(at: number, pixels: number): void;
  expand_luma(at: number, samples: number): void;
  parse(text: number, length: number, out: number): number;
  trivial(hash: number): number;
}

/** What of WebAssembly the types of Node.js do not have. */
interface Engine {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

/** A core whose memory has grown beyond this is replaced, because memory of WebAssembly never shrinks. */
const heavyBytes = 256 * 2 ** 20;

/** One core and its memory. Every use ends with a wipe. */
export class Core {
  readonly #engine: Engine;
  readonly #module: object;
  #exports: Exports;

  /** Starts the module with SIMD where the engine has it. */
  constructor(simd: Uint8Array, plain: Uint8Array) {
    this.#engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
    this.#module = new this.#engine.Module(this.#engine.validate(simd) ? simd : plain);
    this.#exports = this.#start();
  }

  /** Gives the exports to `use`, and wipes the memory afterwards. */
  with<T>(use: (exports: Exports) => T): T {
    try {
      return use(this.#exports);
    } finally {
      this.#exports.wipe();
      if (this.#exports.memory.buffer.byteLength > heavyBytes) this.#exports = this.#start();
    }
  }

  /** Returns the text at an address, which ends with a zero. */
  textAt(at: number): string {
    const bytes = Buffer.from(this.#exports.memory.buffer);
    return bytes.toString("latin1", at, bytes.indexOf(0, at));
  }

  #start(): Exports {
    const exports = new this.#engine.Instance(this.#module).exports as Exports;
    exports.initialize();
    return exports;
  }
}

/** Returns the core, or undefined where its files are missing or do not run. `root` is the package's folder. */
export function findCore(root: URL): Core | undefined {
  const file = (name: string): string | undefined =>
    // The second place is for a bundle: beside it.
    [new URL(`dist/wasm/${name}`, root), new URL(name, import.meta.url)]
      .map((url) => fileURLToPath(url))
      .find((path) => existsSync(path));
  const [simd, plain] = [file("empreinte-simd.wasm"), file("empreinte.wasm")];
  if (simd === undefined || plain === undefined) return undefined;
  try {
    return new Core(readFileSync(simd), readFileSync(plain));
  } catch {
    return undefined; // --jitless, and engines without WebAssembly
  }
}
