import { type OptionalDecoder, optionalDecoders } from "../wasm/packages.js";
import { sharp } from "./sharp.js";

/** Versions and abilities of the library that decodes images. */
export interface DecoderVersions {
  sharp: string;
  libvips: string;
  /** Those of the hashed formats that are decoded here. */
  formats: string[];
  /** The packages that decode what sharp does not. */
  decoders: OptionalDecoder[];
}

/** Returns what decodes images here, for `empreinte doctor` and bug reports. */
export function decoderVersions(): DecoderVersions {
  const { format, versions } = sharp();
  const { jpeg, png, gif, webp, tiff, heif } = format;
  const able = Object.entries({ jpeg, png, gif, webp, tiff, avif: heif })
    .filter(([, one]) => one.input.buffer)
    .map(([name]) => name);
  const decoders = optionalDecoders();
  const further = decoders.flatMap(({ formats, version }) => (version === undefined ? [] : formats));
  const formats = [...able, "bmp", "ico", ...further];
  return { sharp: versions.sharp ?? "unknown", libvips: versions.vips, formats, decoders };
}

/**
 * Makes sharp safer for hostile files, for the whole process. Only the loaders of the hashed formats stay enabled (SVG
 * is disabled), nothing is cached, and one decode uses one thread. Do not call this in a program that decodes other
 * formats with sharp or relies on its cache. `hashImage` recognizes formats by itself and does not need it.
 *
 * @example
 * hardenDecoder(); // once, when the program starts
 */
export function hardenDecoder(): void {
  const decoder = sharp();
  decoder.cache(false);
  decoder.concurrency(1);
  decoder.block({ operation: ["VipsForeignLoad"] });
  decoder.unblock({
    operation: ["Jpeg", "Png", "Nsgif", "Webp", "Tiff", "Heif"].map((loader) => `VipsForeignLoad${loader}`),
  });
}
