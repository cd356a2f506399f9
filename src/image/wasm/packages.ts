/** The packages with the decoders that are not installed by default. */
import { ImageError } from "../../errors.js";
import { packageVersion } from "../../packages.js";
import { formatNames } from "../decode/refusals.js";

/** Which package decodes which format. */
export const decoderPackages = {
  heic: "libheif-js",
  jxl: "@imagemagick/magick-wasm",
  jp2: "@imagemagick/magick-wasm",
} as const;

/** A format that a WebAssembly decoder reads. */
export type WasmFormat = keyof typeof decoderPackages;

/** @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` with the name of the package to install. */
export function requireDecoder(name: string, format: WasmFormat): void {
  const needed = decoderPackages[format];
  if (packageVersion(needed) !== undefined) return;
  const text = `${name} is a ${formatNames[format]} image, which the package ${needed} decodes; run npm install ${needed}`;
  throw new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
}

/** Returns the versions of those packages that are installed. */
export function installedDecoders(): Record<string, string> {
  const names = [...new Set(Object.values(decoderPackages))];
  return Object.fromEntries(
    names.flatMap((name) => {
      const version = packageVersion(name);
      return version === undefined ? [] : [[name, version]];
    }),
  );
}
