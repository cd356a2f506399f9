import sharp from "sharp";

/** Versions and abilities of the library that decodes images. */
export interface DecoderVersions {
  sharp: string;
  libvips: string;
  /** Those of the hashed formats that this build decodes. */
  formats: string[];
}

/** Returns what decodes images here, for `empreinte doctor` and bug reports. */
export function decoderVersions(): DecoderVersions {
  const { jpeg, png, gif, webp, tiff, heif } = sharp.format;
  const able = Object.entries({ jpeg, png, gif, webp, tiff, avif: heif })
    .filter(([, format]) => format.input.buffer)
    .map(([name]) => name);
  return { sharp: sharp.versions.sharp ?? "unknown", libvips: sharp.versions.vips, formats: able };
}

/**
 * Makes sharp safer for hostile files, for the whole process. Only the loaders of the hashed formats stay enabled (SVG
 * is disabled), nothing is cached, and one decode uses one thread. Do not call this in a program that decodes other
 * formats with sharp or relies on its cache. `hashImage` recognises formats by itself and does not need it.
 *
 * @example
 * hardenDecoder(); // once, when the program starts
 */
export function hardenDecoder(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({
    operation: ["Jpeg", "Png", "Nsgif", "Webp", "Tiff", "Heif"].map((loader) => `VipsForeignLoad${loader}`),
  });
}
