/** Hashes of parts of a picture in a list of lines: they follow the picture's own, with its metadata and a mark behind it. */

/** What marks a line as derived of the last one before it that is not. */
const mark = ";derived=";

/** Most derived hashes of one picture: a thorough registration has so many. */
export const mostDerived = 60;

/**
 * A part's name: "centre-10". Too short for a hash, or for what tells of a person, as a bank keeps the names of parts when
 * the entry is erased.
 */
export function isPartName(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,23}$/.test(text);
}

export function isDerivedLine(metadata: string): boolean {
  return metadata.includes(mark);
}

/** The metadata of a derived line. */
export function derivedMetadata(metadata: string, name: string): string {
  return `${metadata}${mark}${name}`;
}

/** The metadata of the line that this one is derived of, and the part's name; undefined where it is not derived. */
export function splitDerived(metadata: string): { of: string; name: string } | undefined {
  const at = metadata.lastIndexOf(mark);
  const name = metadata.slice(at + mark.length);
  return at < 0 || !isPartName(name) ? undefined : { of: metadata.slice(0, at), name };
}
