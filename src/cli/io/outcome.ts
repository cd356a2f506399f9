import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { getSystemErrorMap } from "node:util";
import type { ImageInput } from "../../index.js";
import { type Path, shownPath } from "./names.js";
import type { Found } from "./walk.js";

/** Why a file has no result. */
export interface Failure {
  code: string;
  message: string;
}

/** A file with its result or the reason why there is none. */
export type Outcome<R> = { file: Found; result: R } | { file: Found; failure: Failure };

export function failureOf(file: Found, error: Error): Failure {
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && code.startsWith("ERR_EMPREINTE_")) return { code, message: error.message };
  const { errno } = error as NodeJS.ErrnoException;
  const why = errno === undefined ? error.message : getSystemErrorMap().get(errno)?.join(", ");
  return { code: "ERR_EMPREINTE_READ", message: `${shownPath(file.path)} cannot be read: ${why}` };
}

/** The sentence after "path: ", which need not begin with the path again. */
export function reasonOf({ path }: Found, { message }: Failure): string {
  const name = [shownPath(path), "stream"].find((start) => message.startsWith(`${start} `));
  return name === undefined ? message : message.slice(name.length + 1);
}

/** Names of images, also of formats that are not read: such a file is never skipped in silence. */
const imageName = /\.(jpe?g|jfif|png|apng|webp|gif|tiff?|avif|heic|heif|bmp|jxl|jp2|psd|svg|ico|dng|cr2|nef|arw)$/i;

/** True for a file in a walked folder whose content is no image and whose name does not say that it is one. */
export function isSkipped(file: Found, { code }: Failure): boolean {
  const unknown = code === "ERR_EMPREINTE_UNSUPPORTED_FORMAT" || code === "ERR_EMPREINTE_EMPTY";
  return file.walked && unknown && !imageName.test(file.path.toString("latin1"));
}

/** Opens the file when the first bytes are wanted, not while it waits for its turn. */
async function* bytesOf(path: Path): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

/** What the library reads the file from. */
export function inputOf({ path, stream }: Found, stdin: Readable): ImageInput {
  if (path === "-" && stream) return stdin;
  // A path as bytes would be taken for the image itself; a pipe has no size to look at.
  return stream || typeof path !== "string" ? bytesOf(path) : path;
}
