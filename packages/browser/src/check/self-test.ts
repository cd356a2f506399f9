/**
 * A known image through the very path that files take. A browser that alters numbers or bytes fails it, and hashes
 * nothing. The answers are those of the library for the same file.
 */
import type { CoreExports } from "../core/module.js";
import { type Decoders, hashFile } from "../decode/hash-file.js";
import { HashError } from "../errors.js";
import { defaultLimits } from "../results.js";
import { knownHash, knownJpeg, knownQuality } from "./known-image.js";

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** @throws {HashError} `ERR_EMPREINTE_SELF_TEST` if the hash of the known image is another one. */
export async function selfTest(core: CoreExports, decoders: Decoders): Promise<void> {
  const settings = { orientations: false, crops: "none", ...defaultLimits } as const;
  const { hash, quality } = await hashFile(core, bytesOf(knownJpeg), settings, decoders);
  if (hash === knownHash && quality === knownQuality) return;
  const text =
    "This browser changes what programs compute, so its hashes would be wrong. Nothing was hashed. Use another browser.";
  throw new HashError("ERR_EMPREINTE_SELF_TEST", text);
}
