import { getSystemErrorMap } from "node:util";
import { escapeControls } from "./control-characters.js";
import { withoutHashes } from "./without-hashes.js";

/**
 * The stable code of an error. Every error of this package has a code, a sentence that a person understands, and the
 * name of the offending input, never its bytes. A hash in a message is cut to its first 8 digits, also where it was
 * given in the place of a path or name.
 */
export type ErrorCode =
  /** An argument or option has the wrong type or is outside its range. */
  | "ERR_EMPREINTE_INVALID_ARGUMENT"
  /** A value is not a hash: it has the wrong length or characters. */
  | "ERR_EMPREINTE_INVALID_HASH"
  /** A file, folder or stream cannot be read; `cause` says why. */
  | "ERR_EMPREINTE_READ"
  /** An input has no bytes. */
  | "ERR_EMPREINTE_EMPTY"
  /** The content is in none of the supported formats, whatever its name says. */
  | "ERR_EMPREINTE_UNSUPPORTED_FORMAT"
  /** The decoder refuses an image or video: it is truncated or damaged. */
  | "ERR_EMPREINTE_CORRUPT"
  /** There is no usable ffmpeg; the message says what to do. */
  | "ERR_EMPREINTE_VIDEO_FFMPEG"
  /** A video file has no video stream, or not a single frame. */
  | "ERR_EMPREINTE_VIDEO_NO_FRAMES"
  /** ffmpeg crashed or gave an unexpected answer. */
  | "ERR_EMPREINTE_VIDEO_CHILD"
  /** An input exceeds a limit; `limit` names the limit. */
  | "ERR_EMPREINTE_LIMIT"
  /** An id is in the index already, or was given twice. */
  | "ERR_EMPREINTE_DUPLICATE_ID"
  /** An id is not in the index. */
  | "ERR_EMPREINTE_UNKNOWN_ID"
  /** A file is not an index, is of a newer version, or is truncated or changed. */
  | "ERR_EMPREINTE_INDEX_FILE"
  /** A file cannot be written; `cause` says why. */
  | "ERR_EMPREINTE_WRITE"
  /** A list has no known format, or cannot be read beyond some place. */
  | "ERR_EMPREINTE_LIST"
  /** A file is not a bank store, is of a newer version, or is damaged. */
  | "ERR_EMPREINTE_BANK_FILE"
  /** The store has no bank, source or entry of that name. */
  | "ERR_EMPREINTE_UNKNOWN_NAME"
  /** The store already has a bank of that name. */
  | "ERR_EMPREINTE_DUPLICATE_NAME"
  /** Another process is writing to the bank store; try again. */
  | "ERR_EMPREINTE_BUSY"
  /** The store is a replica of another one, which alone can be changed. */
  | "ERR_EMPREINTE_REPLICA"
  /**
   * A revision is not of the store's own history: another store made it, or the store was restored from an older copy.
   */
  | "ERR_EMPREINTE_HISTORY"
  /** Bytes are not a local record, are truncated or damaged, or are of a newer version. */
  | "ERR_EMPREINTE_LOCAL_RECORD"
  /** A local record was made with another table: register the original anew. */
  | "ERR_EMPREINTE_LOCAL_TABLE"
  /** The local records of a store need its key, the key is another one, or a record is damaged. */
  | "ERR_EMPREINTE_LOCAL_KEY"
  /** The object was closed. */
  | "ERR_EMPREINTE_CLOSED"
  /** There is not enough memory. */
  | "ERR_EMPREINTE_OUT_OF_MEMORY"
  /** The native addon cannot be loaded; the message says what to do. */
  | "ERR_EMPREINTE_NATIVE_LOAD";

/** Returns a system's error, without the path that it repeats where that has a hash. Any other value stays as it is. */
function withoutNames(cause: unknown): unknown {
  if (!(cause instanceof Error) || withoutHashes(cause.message) === cause.message) return cause;
  const { code, errno, syscall } = cause as NodeJS.ErrnoException;
  return Object.assign(new Error(withoutHashes(cause.message)), { code, errno, syscall });
}

/** The base class of all errors of this package. */
export class EmpreinteError extends Error {
  /** The code, which is stable across releases: see {@link ErrorCode}. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(withoutHashes(message), options && { ...options, cause: withoutNames(options.cause) });
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument or option is invalid. The code is `ERR_EMPREINTE_INVALID_ARGUMENT`. */
export class InvalidArgumentError extends EmpreinteError {
  constructor(message: string) {
    super("ERR_EMPREINTE_INVALID_ARGUMENT", message);
  }
}

/** Text or bytes are not a hash. The code is `ERR_EMPREINTE_INVALID_HASH`. */
export class InvalidHashError extends EmpreinteError {
  constructor(message: string) {
    super("ERR_EMPREINTE_INVALID_HASH", message);
  }
}

/** An image, or another input, cannot be read or decoded. */
export class ImageError extends EmpreinteError {}

/** A video cannot be read or decoded, or ffmpeg cannot be used. */
export class VideoError extends EmpreinteError {}

/** An input exceeds a limit. The code is `ERR_EMPREINTE_LIMIT`. */
export class LimitError extends EmpreinteError {
  /**
   * The name of the option that raises the limit, for instance `maxPixels`. No option raises `scans` (of a JPEG),
   * `side` (the longest of an image) and `metadata` (bytes of text, EXIF and colour profiles).
   */
  readonly limit: string;

  constructor(limit: string, message: string) {
    super("ERR_EMPREINTE_LIMIT", message);
    this.limit = limit;
  }
}

/** An index refuses an id, or an index file cannot be used. */
export class IndexError extends EmpreinteError {}

/**
 * A list cannot be read beyond some place: it is truncated, not of its format, or built to do harm. The code is
 * `ERR_EMPREINTE_LIST`.
 */
export class ListError extends EmpreinteError {
  /** The name of the list. */
  readonly list: string;
  /** Where in the list reading ended: `"entry 3, line 17"`, `"byte 512"` or `"the list"`. */
  readonly place: string;

  constructor(list: string, place: string, reason: string, options?: ErrorOptions) {
    super("ERR_EMPREINTE_LIST", `The list ${printable(list)} cannot be read beyond ${place}: ${reason}`, options);
    this.list = withoutHashes(list);
    this.place = place;
  }
}

/** A bank store cannot be used, or refuses a name. */
export class BankError extends EmpreinteError {}

/** Returns the system's reason, as "ENOENT, no such file or directory". Node's own message repeats the path. */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return known?.join(", ") ?? (error instanceof Error ? message : String(error));
}

/** The longest name that an error repeats whole, in characters. */
const longestName = 512;

/**
 * Returns a name as an error repeats it: on one line, with control characters as `\u0000`, without whole hashes, and
 * with the middle left out where it is longer than 512 characters.
 */
export function printable(name: string): string {
  const text = escapeControls(withoutHashes(name));
  if (text.length <= longestName) return text;
  return `${text.slice(0, longestName / 2)}…${text.slice(-longestName / 2)}`;
}

/** Makes the error of a file or folder that cannot be written. */
export function unwritable(path: string, cause: unknown): EmpreinteError {
  const text = `${printable(path)} cannot be written: ${systemReason(cause)}`;
  return new EmpreinteError("ERR_EMPREINTE_WRITE", text, { cause });
}
