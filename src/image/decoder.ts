import sharp from "sharp";

/** What decodes the pictures. */
export interface DecoderVersions {
  sharp: string;
  libvips: string;
  /** The formats this build decodes, of those that are hashed. */
  formats: string[];
}

/** For `empreinte doctor` and bug reports. */
export function decoderVersions(): DecoderVersions {
  const { jpeg, png, gif, webp, tiff, heif } = sharp.format;
  const able = Object.entries({ jpeg, png, gif, webp, tiff, avif: heif })
    .filter(([, format]) => format.input.buffer)
    .map(([name]) => name);
  return { sharp: sharp.versions.sharp ?? "unknown", libvips: sharp.versions.vips, formats: able };
}

/**
 * Makes sharp safer for hostile files, for the whole process: only the loaders of the hashed formats stay open (SVG is
 * closed), nothing is cached, and one decode uses one thread. A program that decodes other formats through sharp, or wants
 * its cache, should not call this; `hashImage` recognises formats by itself and does not need it.
 */
export function hardenDecoder(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({
    operation: ["Jpeg", "Png", "Nsgif", "Webp", "Tiff", "Heif"].map((loader) => `VipsForeignLoad${loader}`),
  });
}
