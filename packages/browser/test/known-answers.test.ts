/** The known answers of the reference, in the WebAssembly core with and without SIMD. */
import { beforeEach, describe, expect, it } from "vitest";
import { fnv1a32, inputOf, knownAnswers } from "../../../test/support/known-answers.ts";
import { long, rounds } from "../../../test/support/long.ts";
import { hashRaw } from "../dist/core/hash.js";
import { startCore, textAt } from "../dist/core/module.js";
import { importsOf, modules, needsCore, wasmBytes } from "./support/core.ts";

/** The large ones take minutes with a loaded processor, so the short run leaves them to the native kernels. */
const chosen = knownAnswers.filter(({ width, height }) => long || width * height <= 300_000);

describe("the WebAssembly core", () => {
  beforeEach(needsCore);

  it("has a kernel of its own with SIMD, and the portable one without", async () => {
    const names = await Promise.all(
      modules.map(async (name) => {
        const core = await startCore(wasmBytes(name));
        return Array.from({ length: core.kernels() }, (_, i) => textAt(core, core.kernel_name(i)));
      }),
    );
    expect(names).toEqual([["portable"], ["wasm", "portable"]]);
  });

  it("imports nothing", () => {
    for (const name of modules) expect(importsOf(name)).toEqual([]);
  });

  it("gives the hashes of the reference, by every kernel and method", async () => {
    expect(chosen.length).toBeGreaterThanOrEqual(rounds(60, 102));
    const cores = await Promise.all(modules.map((name) => startCore(wasmBytes(name))));
    for (const vector of chosen) {
      const data = inputOf(vector.id);
      expect(fnv1a32(data)).toBe(vector.inputFnv1a32);
      const { width, height, channels, hash, quality, orientations } = vector;
      for (const core of cores)
        for (let kernel = 0; kernel < core.kernels(); kernel++)
          for (const method of ["auto", "exact"] as const) {
            const found = hashRaw(core, { data, width, height, channels }, { orientations: true, method, kernel });
            const where = `${vector.id} ${textAt(core, core.kernel_name(kernel))} ${method}`;
            expect(found, where).toMatchObject({ hash, quality, orientations });
          }
    }
  });

  it("keeps no byte of an image", async () => {
    const core = await startCore(wasmBytes("empreinte-simd.wasm"));
    const before = new Uint8Array(core.memory.buffer.slice(0));
    const data = inputOf("g64-scene");
    const big = Uint8Array.from({ length: 400 * 300 * 3 }, (_, i) => data[i % data.length]!);
    const { hash } = hashRaw(core, { data: big, width: 400, height: 300, channels: 3 }, { orientations: true });
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const after = new Uint8Array(core.memory.buffer);
    const start = core.allocate(64);
    // Behind the static data and the stack all is zero again.
    expect(after.subarray(start).some((byte) => byte !== 0)).toBe(false);
    expect(after.length).toBeGreaterThan(before.length);
  });
});
