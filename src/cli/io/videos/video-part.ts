/** A video that is not the whole file: a further video stream, by its number from 1, or the one behind an image. */
export type VideoPart = number | "embedded";

/** A part of a file: a video, or the images behind the first one, which were not read. */
export type FilePart = VideoPart | "pages";

/** `stream-1`, `embedded`, `pages`: how output names a part. */
export const partText = (part: FilePart): string => (typeof part === "number" ? `stream-${part}` : part);

/** What JSON says of a part. */
export function partJson(part: FilePart | undefined): object {
  if (part === undefined) return {};
  return typeof part === "number" ? { stream: part } : { [part]: true };
}
