import { invalidArgument, isBytes } from "../check.js";
import { LimitError, printable, systemReason, VideoError } from "../errors.js";
import { openFile } from "../files/open-file.js";
import { pathOf } from "../files/path.js";
import { endOfVideo } from "../image/further/movie.js";
import { defaultLimits } from "../limits.js";

/** Places that are tried. A file with more of them is refused, because a video may be behind the last. */
const mostPlaces = 10_000;

/** Finds an MP4 or MOV behind the beginning of a file. Takes linear time, whatever the bytes are. */
function findVideo(bytes: Buffer, name: string): { start: number; end: number } | undefined {
  let at = 12;
  for (let places = 0; places < mostPlaces; places++) {
    at = bytes.indexOf("ftyp", at, "latin1");
    if (at < 0) return undefined;
    const start = at - 4;
    const size = bytes.readUInt32BE(start);
    const end = size >= 16 && size <= 4096 ? endOfVideo(bytes, start) : undefined;
    if (end !== undefined) return { start, end };
    at += 4;
  }
  throw new LimitError("places", `${name} has more than ${mostPlaces} places that look like the beginning of a video`);
}

async function readWhole(path: string, name: string): Promise<Buffer> {
  const { maxBytes } = defaultLimits;
  const { file, stat } = await openFile(path);
  try {
    if (stat.size > maxBytes) throw new LimitError("maxBytes", `${name} has more than ${maxBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Returns a copy of the video that a motion photograph has behind its image, or undefined if it has none. `hashImage`
 * reads only the still image of such a JPEG or HEIC; give the video to `hashVideo`. A live photo has its video in a
 * file of its own.
 *
 * @param input a path, a file: URL or bytes, of at most 256 MiB.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the input is of the wrong kind.
 * @throws {VideoError} `ERR_EMPREINTE_READ`: the file cannot be read.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT`: the file has too many bytes, or more than 10,000 places that look like
 * the beginning of a video.
 *
 * @example
 * const video = await embeddedVideo("photo.jpg");
 * if (video !== undefined) console.log(await hashVideo(video));
 */
export async function embeddedVideo(input: string | URL | Uint8Array): Promise<Uint8Array | undefined> {
  let bytes: Buffer;
  let name = "buffer";
  if (isBytes(input)) {
    bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  } else if (typeof input === "string" || input instanceof URL) {
    const path = pathOf(input, "input");
    name = printable(path);
    bytes = await readWhole(path, name).catch((cause: unknown) => {
      if (cause instanceof LimitError) throw cause;
      throw new VideoError("ERR_EMPREINTE_READ", `${name} cannot be read: ${systemReason(cause)}`, { cause });
    });
  } else {
    throw invalidArgument("input", "path, file: URL or bytes", input);
  }
  const found = findVideo(bytes, name);
  return found && Uint8Array.prototype.slice.call(bytes, found.start, found.end);
}
