/** Hashing in the WebAssembly core, with the functions that the addon has for it. */
import { bitCounts } from "../../popcount.js";
import type { HashFunctions, NativeHash, NativeHashOptions } from "../binding/hash.js";
import type { NativePixels, PixelFunctions } from "../binding/pixels.js";
import type { Core } from "./core.js";
import { Cancel, failure } from "./handles.js";

/** `emp_status` of native/empreinte/status.h, as far as the core returns it. */
const codes: Record<number, string> = {
  2: "ERR_EMPREINTE_OUT_OF_MEMORY",
  14: "ERR_EMPREINTE_INVALID_HASH",
  15: "ERR_EMPREINTE_INVALID_HASH",
};
const badGeometry = "width, height, channels and stride do not fit the pixel buffer";
const orientationCount = 8;
/** Where the quality is in `emp_hash_result`: behind nine hashes. */
const qualityOffset = 32 * (1 + orientationCount);

/** Whether the samples fit their buffer, in a form that the core takes or that can be repacked for it. */
function fits({ data, width, height, channels, stride }: NativePixels, wide: boolean, cmyk: boolean): boolean {
  const side = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 2 ** 24;
  if (!side(width) || !side(height) || ![1, 2, 3, 4].includes(channels) || (cmyk && channels !== 4)) return false;
  const row = width * channels * (wide ? 2 : 1);
  const repacked = wide || cmyk || channels === 2;
  if (repacked ? stride !== row : !(Number.isInteger(stride) && stride >= row)) return false;
  return data.length >= stride * (height - 1) + row;
}

/** Its functions are fields, so that each can be handed on by itself. */
export class FallbackHash implements HashFunctions, Pick<PixelFunctions, "expandLuma"> {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  kernels = (): ReturnType<HashFunctions["kernels"]> =>
    this.#core.with((exports) =>
      Array.from({ length: exports.kernels() }, (_, i) => ({
        name: this.#core.textAt(exports.kernel_name(i)),
        instructions: this.#core.textAt(exports.kernel_instructions(i)),
        supported: true,
      })),
    );

  hashSync = (pixels: NativePixels, options: NativeHashOptions = {}): NativeHash => {
    const { depth = 8, cmyk = false, method = 0, compat = 0, orientations = false } = options;
    const wide = depth === 16;
    if (!fits(pixels, wide, cmyk)) throw failure("ERR_EMPREINTE_INVALID_ARGUMENT", badGeometry);
    const { data, width, height, channels, stride } = pixels;
    const kernel = this.#kernel(options.kernel);
    return this.#core.with((core) => {
      const at = this.#place(core, data.subarray(0, stride * height));
      const count = width * height;
      if (wide) core.repack_16_to_8(at, count * channels);
      if (cmyk) core.repack_cmyk_to_rgb(at, count);
      if (channels === 2) core.repack_drop_alpha(at, count);
      const own = cmyk ? 3 : channels === 2 ? 1 : channels;
      const row = wide || cmyk || channels === 2 ? width * own : stride;
      const size = Math.min(data.length, row * height);
      this.#check(core.hash(at, size, width, height, own, row, method, orientations ? 1 : 0, kernel, compat));
      return this.#result(core.memory.buffer, core.result_of_hash(), orientations);
    });
  };

  /** Hashes on this thread: there is no other one that the core runs on. */
  hash: HashFunctions["hash"] = async (pixels, options, cancel) => {
    if (cancel !== undefined && Cancel.of(cancel).cancelled)
      throw failure("ERR_EMPREINTE_CANCELLED", "the work was cancelled");
    return this.hashSync(pixels, options);
  };

  parseHash = (text: string): Uint8Array => {
    const bytes = Buffer.from(text, "utf8");
    return this.#core.with((core) => {
      const [at, out] = [this.#place(core, bytes), core.allocate(32)];
      this.#check(core.parse(at, bytes.length, out));
      return new Uint8Array(core.memory.buffer).slice(out, out + 32);
    });
  };

  distance = (a: Uint8Array, b: Uint8Array): number => {
    if (a.length !== 32 || b.length !== 32)
      throw failure("ERR_EMPREINTE_INVALID_HASH", "a hash is 64 hex digits, 44 base64 characters or 32 bytes");
    return a.reduce((sum, byte, i) => sum + bitCounts[byte ^ b[i]!]!, 0);
  };

  trivialReason = (hash: Uint8Array): string | undefined =>
    this.#core.with((core) => {
      const reason = core.trivial(this.#place(core, hash));
      return reason === 0 ? undefined : this.#core.textAt(reason);
    });

  expandLuma = (bytes: Uint8Array): void =>
    this.#core.with((core) => {
      const at = this.#place(core, bytes);
      core.expand_luma(at, bytes.length);
      bytes.set(new Uint8Array(core.memory.buffer, at, bytes.length));
    });

  #kernel(name: string | undefined): number {
    if (name === undefined) return 0;
    const found = this.kernels().findIndex((kernel) => kernel.name === name);
    if (found >= 0) return found;
    throw failure("ERR_EMPREINTE_INVALID_ARGUMENT", "no kernel of that name runs on this processor");
  }

  #place(core: { memory: { buffer: ArrayBuffer }; allocate(bytes: number): number }, bytes: Uint8Array): number {
    const at = core.allocate(Math.max(1, bytes.length)) >>> 0;
    if (at === 0) throw failure("ERR_EMPREINTE_OUT_OF_MEMORY", "there is not enough memory");
    new Uint8Array(core.memory.buffer).set(bytes, at);
    return at;
  }

  #check(status: number): void {
    if (status === 0) return;
    const message = this.#core.with((core) => this.#core.textAt(core.status_message(status)));
    throw failure(codes[status] ?? "ERR_EMPREINTE_INVALID_ARGUMENT", message);
  }

  #result(memory: ArrayBuffer, at: number, orientations: boolean): NativeHash {
    const hex = (from: number): string => Buffer.from(memory, from, 32).toString("hex");
    const numbers = new DataView(memory, at + qualityOffset, 12);
    const result = {
      hash: hex(at),
      quality: numbers.getInt32(0, true),
      stable: numbers.getInt32(4, true) !== 0,
      methodUsed: numbers.getInt32(8, true),
    };
    if (!orientations) return result;
    return { ...result, orientations: Array.from({ length: orientationCount }, (_, i) => hex(at + 32 * (i + 1))) };
  }
}
