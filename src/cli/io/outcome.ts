import type { Readable } from "node:stream";
import { getSystemErrorMap } from "node:util";
import type { ImageInput } from "../../index.js";
import { withoutHashes } from "../../without-hashes.js";
import { NotedInput } from "../../files/noted-input.js";
import { openFile } from "../../files/open-file.js";
import { videoBehind } from "./behind.js";
import { looksLikeMedia } from "./files/looks-like.js";
import { type Path, shownPath } from "./names.js";
import { descriptorStream, inheritedDescriptor } from "./files/pipes.js";
import type { FilePart, VideoPart } from "./videos/video-part.js";
import type { Found } from "./files/walk.js";

/** Why a file has no result. */
export interface Failure {
  code: string;
  message: string;
}

/** A file, or a part of one, with its result or the reason why there is none. */
export type Outcome<R> = { file: Found; isVideo?: boolean } & (
  { part?: VideoPart; result: R } | { part?: FilePart; failure: Failure }
);

export function failureOf(file: Found, error: Error): Failure {
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && code.startsWith("ERR_EMPREINTE_")) return { code, message: error.message };
  const { errno } = error as NodeJS.ErrnoException;
  const why = errno === undefined ? error.message : getSystemErrorMap().get(errno)?.join(", ");
  const message = withoutHashes(`${shownPath(file.path)} cannot be read: ${why}`);
  return { code: "ERR_EMPREINTE_READ", message };
}

/** Returns the sentence after "path: ", which need not begin with the path again. */
export function reasonOf({ path }: Found, { message }: Failure): string {
  const name = [shownPath(path), withoutHashes(shownPath(path)), "stream"].find((start) =>
    message.startsWith(`${start} `),
  );
  return name === undefined ? message : message.slice(name.length + 1);
}

/**
 * True for a file in a walked folder that is neither an image or video nor named like one. A file that is one and
 * cannot be decoded is never skipped silently.
 */
export async function isSkipped(file: Found, { code }: Failure): Promise<boolean> {
  const unknown = code === "ERR_EMPREINTE_UNSUPPORTED_FORMAT" || code === "ERR_EMPREINTE_EMPTY";
  return file.walked && unknown && !(await looksLikeMedia(file.path));
}

/** Opens the file when the first bytes are wanted, not while it waits for its turn. */
async function* bytesOf(path: Path): AsyncGenerator<Uint8Array> {
  const { file } = await openFile(path);
  yield* file.createReadStream() as AsyncIterable<Uint8Array>;
}

/** The bytes of a file as the library reads them. */
function bytesFrom({ path, stream }: Found, stdin: Readable): string | AsyncIterable<Uint8Array> {
  if (stream) return path === "-" ? stdin : descriptorStream(inheritedDescriptor(path.toString())!);
  // A path as bytes would be taken for the image itself.
  return typeof path === "string" ? path : bytesOf(path);
}

/**
 * What the library reads the file from. The video behind its image is noted while its bytes are there.
 * @param keep also gets the bytes, which it must copy.
 */
export function inputOf(file: Found, stdin: Readable, keep?: (bytes: Uint8Array) => void): ImageInput {
  return new NotedInput(bytesFrom(file, stdin), (bytes) => {
    if (file.error === undefined) file.video = videoBehind(bytes);
    keep?.(bytes);
  });
}
