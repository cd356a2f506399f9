/** The self-test has the library's answer, and refuses where the hash is another one. */
import { hashImage } from "empreinte";
import { beforeEach, describe, expect, it } from "vitest";
import { knownHash, knownJpeg, knownQuality } from "../dist/check/known-image.js";
import { selfTest } from "../dist/check/self-test.js";
import { startCore } from "../dist/core/module.js";
import { decoders, modules, needsCore, wasmBytes } from "./support/core.ts";

describe("the self-test", () => {
  beforeEach(needsCore);

  it("knows the hash that the library has for its image", async () => {
    const { hash, quality } = await hashImage(Buffer.from(knownJpeg, "base64"));
    expect([knownHash, knownQuality]).toEqual([hash, quality]);
  });

  it("passes with both modules", async () => {
    for (const name of modules) await selfTest(await startCore(wasmBytes(name)), decoders);
  });

  it("refuses a core that computes something else", async () => {
    const core = await startCore(wasmBytes("empreinte.wasm"));
    const wrong = {
      ...core,
      hash: (...values: Parameters<typeof core.hash>) => {
        // One sample of the image is another one, as where a browser adds noise.
        new Uint8Array(core.memory.buffer).fill(255, values[0], values[0] + 3000);
        return core.hash(...values);
      },
    };
    await expect(selfTest(wrong, decoders)).rejects.toMatchObject({ code: "ERR_EMPREINTE_SELF_TEST" });
  });
});
