/** The boxes that a video has at its top level. Whatever else follows is not a part of it. */
const videoBoxes: ReadonlySet<string> = new Set(
  "ftyp moov mdat free skip wide uuid moof mfra sidx styp meta udta pdin emsg prft".split(" "),
);
/** Boxes of a video that are read until the one with its tracks is found. */
const mostBoxes = 64;

/**
 * Returns the end of the MP4 or MOV that begins at `start`, or undefined if there is none. It reads a bounded number of
 * boxes.
 */
export function endOfVideo(bytes: Buffer, start: number): number | undefined {
  let hasTracks = false;
  let at = start;
  for (let boxes = 0; boxes < mostBoxes && at + 8 <= bytes.length; boxes++) {
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (!videoBoxes.has(type)) break;
    const short = bytes.readUInt32BE(at);
    const isLong = short === 1 && at + 16 <= bytes.length;
    const size = isLong ? Number(bytes.readBigUInt64BE(at + 8)) : short === 0 ? bytes.length - at : short;
    if (size < (isLong ? 16 : 8)) break;
    hasTracks ||= type === "moov";
    // A video that is cut ends in a box that is longer than the file.
    at = Math.min(bytes.length, at + size);
  }
  return hasTracks ? at : undefined;
}
