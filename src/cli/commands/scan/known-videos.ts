import { EmpreinteError, type ImageHash } from "../../../index.js";
import {
  hashVideo,
  type HashVideoOptions,
  readVpdq,
  signatureFromVpdq,
  VideoIndex,
  type VideoSignature,
} from "../../../doors/video.js";
import { shownPath } from "../../io/names.js";
import { isVideo, readText } from "../../io/videos/videos.js";

/** A known video or image: under the file's name, or with the name that it has inside the file. */
export interface Known {
  id: string;
  what: VideoSignature | ImageHash;
}

interface Line {
  path?: unknown;
  kind?: unknown;
  error?: unknown;
}

const isOurs = (value: unknown): value is Line =>
  typeof value === "object" &&
  value !== null &&
  ("error" in value || ["video", "image"].includes((value as Line).kind as string));

/** Returns a line of `empreinte hash --json`; undefined for anything else. */
function ourLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isOurs(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Throws what an index finds wrong with it. */
function check(what: VideoSignature | ImageHash): void {
  using index = new VideoIndex({ memory: "rows" });
  index.add("", what);
}

/** What `empreinte hash --json` printed, line by line; undefined when the text is something else. */
function fromJsonLines(path: string, text: string): Known[] | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const filled = lines.filter((line) => line !== "");
  if (filled.length === 0 || ourLine(filled[0]!) === undefined) return undefined;
  const known: Known[] = [];
  for (const [i, text] of lines.entries()) {
    if (text === "") continue;
    const line = ourLine(text);
    const where = `${shownPath(path)}:${i + 1}`;
    if (line === undefined)
      throw new EmpreinteError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", `${where} is no line of hash --json`);
    if (line.error !== undefined) continue; // the file could not be hashed
    const what = line as VideoSignature | ImageHash;
    try {
      check(what);
    } catch (error) {
      if (!(error instanceof EmpreinteError)) throw error;
      throw new EmpreinteError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", `${where}: ${error.message}`);
    }
    known.push({ id: filled.length === 1 ? path : `${path}:${String(line.path ?? i + 1)}`, what });
  }
  return known;
}

/**
 * Reads the signature of a video, or those in a text: one in any of vPDQ's forms, or those of `empreinte hash --json`.
 * The content decides what the file is.
 * @throws {EmpreinteError} naming the file.
 */
export async function readKnown(path: string, options: HashVideoOptions): Promise<Known[]> {
  let video: boolean;
  try {
    video = await isVideo(path);
  } catch (error) {
    throw new EmpreinteError("ERR_EMPREINTE_READ", `${shownPath(path)} cannot be read: ${(error as Error).message}`);
  }
  if (video) {
    const first = await hashVideo(path, options);
    const known: Known[] = [{ id: path, what: first }];
    for (let stream = 1; stream < (first.streamCount ?? 1); stream++)
      known.push({ id: `${path}:stream-${stream}`, what: await hashVideo(path, { ...options, stream }) });
    return known;
  }
  const text = await readText(path);
  const ours = fromJsonLines(path, text);
  if (ours !== undefined) {
    if (ours.length > 0) return ours;
    throw new EmpreinteError("ERR_EMPREINTE_EMPTY", `${shownPath(path)} has no video and no image`);
  }
  try {
    return [{ id: path, what: signatureFromVpdq(readVpdq(text)) }];
  } catch (error) {
    if (!(error instanceof EmpreinteError)) throw error;
    const sentence = `${shownPath(path)} is neither a video nor a vPDQ signature, nor of hash --json: ${error.message}`;
    throw new EmpreinteError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", sentence);
  }
}

/** Reads a file that is one video, or the signature of one. @throws {EmpreinteError} naming the file. */
export async function readOneVideo(path: string, options: HashVideoOptions): Promise<VideoSignature> {
  const [first, ...more] = await readKnown(path, options);
  if (first !== undefined && more.length === 0 && "durationSeconds" in first.what) return first.what;
  const sentence = `${shownPath(path)} has ${more.length + 1} entries: expected one video`;
  throw new EmpreinteError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", sentence);
}
