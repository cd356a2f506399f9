/** A video that is not the whole file: a further video stream, by its number from 1, or the one behind an image. */
export type VideoPart = number | "embedded";

/** `stream-1`, `embedded`: how output names a part. */
export const partText = (part: VideoPart): string => (part === "embedded" ? part : `stream-${part}`);

/** What JSON says of a part. */
export function partJson(part: VideoPart | undefined): object {
  if (part === undefined) return {};
  return part === "embedded" ? { embedded: true } : { stream: part };
}
