import type Sharp from "sharp";
import { loadPackage } from "../../packages.js";

let loaded: typeof Sharp | undefined;

/** Returns sharp, which decodes images. @throws {EmpreinteError} `ERR_EMPREINTE_NATIVE_LOAD` if it is missing. */
export function sharp(): typeof Sharp {
  return (loaded ??= loadPackage("sharp", "decodes images") as typeof Sharp);
}
