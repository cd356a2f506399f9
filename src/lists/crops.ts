/**
 * Crop lines of a plain list. The hash of a crop follows the line of its image. It repeats the image's metadata and
 * adds a marker with the crop's name: `<hash>,case 7;crop=centre-10`.
 */

/** The text between the image's metadata and the crop's name. */
const marker = ";crop=";

/** The most crops of one image. A thorough registration makes this many. */
export const mostCrops = 60;

/**
 * Returns true for text that can name a crop, such as "centre-10". A name is too short for a hash and for personal
 * data, because a bank keeps the names of crops after their entry was erased.
 */
export function isCropName(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,23}$/.test(text);
}

/** Returns true if the metadata marks a crop line. */
export function isCropLine(metadata: string): boolean {
  return metadata.includes(marker);
}

/** Returns the metadata of a crop line from its image's metadata and the crop's name. */
export function cropMetadata(metadata: string, name: string): string {
  return `${metadata}${marker}${name}`;
}

/** Splits the metadata of a crop line into its image's metadata and the crop's name. Other metadata gives undefined. */
export function splitCropMetadata(metadata: string): { image: string; name: string } | undefined {
  const at = metadata.lastIndexOf(marker);
  const name = metadata.slice(at + marker.length);
  return at < 0 || !isCropName(name) ? undefined : { image: metadata.slice(0, at), name };
}
