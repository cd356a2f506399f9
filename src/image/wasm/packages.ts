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

/** A package that decodes what sharp does not. It need not be installed. */
export interface OptionalDecoder {
  /** The name of the package. */
  name: string;
  /** The formats that it decodes. */
  formats: string[];
  /** The version that is installed, if one is. */
  version?: string;
}

/** Returns the packages that decode what sharp does not. None of them is loaded. */
export function optionalDecoders(): OptionalDecoder[] {
  return [...new Set(Object.values(decoderPackages))].map((name) => {
    const formats = Object.entries(decoderPackages).flatMap(([format, decoder]) => (decoder === name ? [format] : []));
    const version = packageVersion(name);
    return { name, formats, ...(version !== undefined && { version }) };
  });
}
