/** Images behind the end of another one in the same file: of a file of several images (MPO), or simply appended. */
import { LimitError } from "../../errors.js";
import { isFrame, standsAlone } from "../formats/jpeg/structure.js";
import { type ImageFormat, sniffImage } from "../input/sniff.js";
import { declaredAuxiliary, saysAuxiliary } from "./auxiliary.js";
import { endOfImage } from "./ends.js";
import { endOfVideo } from "./movie.js";

/** An image in a file of several. */
export interface ImageBehind {
  bytes: Uint8Array;
  format: ImageFormat;
}

/** Marks by which an image is found anywhere, and how many bytes it begins before them. */
const marks = [
  ["\xff\xd8\xff", 0],
  ["\x89PNG\r\n\x1a\n", 0],
  ["GIF87a", 0],
  ["GIF89a", 0],
  ["RIFF", 0],
  ["\0\0\0\x0cJXL \r\n\x87\n", 0],
  ["\0\0\0\x0cjP  \r\n\x87\n", 0],
  ["ftyp", 4],
].map(([mark, before]) => ({ mark: Buffer.from(mark as string, "latin1"), before: before as number }));

/** Places that are tried. A file with more of them is refused, because an image may be behind the last. */
const mostPlaces = 10_000;
/** Segments of a JPEG before its data that are looked at. */
const mostSegments = 1024;

/**
 * Returns whether the segments of a JPEG follow one another without a gap, and lead from its mark to its first scan.
 */
function hasJpegHeader(bytes: Uint8Array, start: number): boolean {
  let hasFrame = false;
  let at = start + 2;
  for (let segments = 0; segments < mostSegments && at + 4 <= bytes.length; segments++) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker < 0xc0 || standsAlone(marker)) return false;
    if (marker === 0xda) return hasFrame;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (length < 2) return false;
    hasFrame ||= isFrame(marker);
    at += 2 + length;
  }
  return false;
}

/** Yields the places behind `from` where an image may begin, in order. `from` itself is one. */
function* placesIn(bytes: Buffer, from: number): Generator<number, void, number> {
  const next = marks.map(() => -1);
  let at = from;
  for (;;) {
    at = yield at;
    let nearest = Infinity;
    for (const [i, { mark, before }] of marks.entries()) {
      if (next[i]! < at) {
        const found = bytes.indexOf(mark, at + before);
        next[i] = found < 0 ? Infinity : found - before;
      }
      nearest = Math.min(nearest, next[i]!);
    }
    if (nearest === Infinity) return;
    at = nearest;
  }
}

/**
 * Finds the images behind the end of an image. Those that the file declares as thumbnails, gain maps or depth maps are
 * not among them, and neither is what a video has inside. Takes linear time, whatever the bytes are.
 *
 * @param name what errors call the image.
 * @throws {LimitError} for more than 10,000 places that look like the beginning of an image.
 */
export function imagesBehind(image: Uint8Array, format: ImageFormat, name: string): ImageBehind[] {
  const end = endOfImage({ bytes: image, format });
  if (end === undefined || end >= image.length) return [];
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const auxiliary = format === "jpeg" ? declaredAuxiliary(image) : new Set<number>();
  const found: ImageBehind[] = [];
  const places = placesIn(bytes, end);
  let tried = 0;
  for (let place = places.next(); !place.done;) {
    if (++tried > mostPlaces)
      throw new LimitError(
        "places",
        `${name} has more than ${mostPlaces} places that look like the beginning of an image`,
      );
    const at = place.value;
    const rest = image.subarray(at);
    const kind = sniffImage(rest);
    let next = at + 1;
    if (kind === undefined) next = endOfVideo(bytes, at) ?? next;
    else if (kind !== "jpeg" || hasJpegHeader(image, at)) {
      const own = rest.subarray(0, endOfImage({ bytes: rest, format: kind }));
      if (!(kind === "jpeg" && (auxiliary.has(at) || saysAuxiliary(own)))) found.push({ bytes: own, format: kind });
      next = at + own.length;
    }
    place = places.next(next);
  }
  return found;
}
