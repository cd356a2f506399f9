import { getSystemErrorMap } from "node:util";

/**
 * Every error this package makes has a stable `code`, a sentence a person understands, and the offending input's name,
 * never its bytes. A hash in a message is cut to its first 8 digits.
 */

/** The codes, each with what it means. */
export type ErrorCode =
  /** An argument or option of the wrong type or outside its range. */
  | "ERR_EMPREINTE_INVALID_ARGUMENT"
  /** Not a hash: wrong length or characters. */
  | "ERR_EMPREINTE_INVALID_HASH"
  /** A file, folder or stream that cannot be read; `cause` says why. */
  | "ERR_EMPREINTE_READ"
  /** An input without a single byte. */
  | "ERR_EMPREINTE_EMPTY"
  /** Content that is none of the supported formats, whatever its name says. */
  | "ERR_EMPREINTE_UNSUPPORTED_FORMAT"
  /** An image or video that the decoder refuses: truncated or damaged. */
  | "ERR_EMPREINTE_CORRUPT"
  /** There is no ffmpeg, or none that can be used; the message says what to do. */
  | "ERR_EMPREINTE_VIDEO_FFMPEG"
  /** A video file without a video stream, or without a single frame. */
  | "ERR_EMPREINTE_VIDEO_NO_FRAMES"
  /** ffmpeg crashed, or answered what it should not. */
  | "ERR_EMPREINTE_VIDEO_CHILD"
  /** One of the limits was passed: `limit` names it. */
  | "ERR_EMPREINTE_LIMIT"
  /** An id that is in the index already, or given twice. */
  | "ERR_EMPREINTE_DUPLICATE_ID"
  /** An id that is not in the index. */
  | "ERR_EMPREINTE_UNKNOWN_ID"
  /** A file that is no index, of a newer version, cut or changed. */
  | "ERR_EMPREINTE_INDEX_FILE"
  /** A file that could not be written; `cause` says why. */
  | "ERR_EMPREINTE_WRITE"
  /** A list of no known format, or one that cannot be read on from some place. */
  | "ERR_EMPREINTE_LIST"
  /** A bank store that is none, of a newer version, or damaged. */
  | "ERR_EMPREINTE_BANK_FILE"
  /** A bank, source or entry of that name is not in the store. */
  | "ERR_EMPREINTE_UNKNOWN_NAME"
  /** A bank of that name is there already. */
  | "ERR_EMPREINTE_DUPLICATE_NAME"
  /** Another process uses the bank store; try again. */
  | "ERR_EMPREINTE_BUSY"
  /** The object was closed. */
  | "ERR_EMPREINTE_CLOSED"
  /** There is not enough memory. */
  | "ERR_EMPREINTE_OUT_OF_MEMORY"
  /** The native addon could not be loaded; the message says what to do. */
  | "ERR_EMPREINTE_NATIVE_LOAD";

/** The base of all errors of this package. */
export class EmpreinteError extends Error {
  /** Stable across releases; see {@link ErrorCode}. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument or option that does not fit. `ERR_EMPREINTE_INVALID_ARGUMENT` */
export class InvalidArgumentError extends EmpreinteError {
  constructor(message: string) {
    super("ERR_EMPREINTE_INVALID_ARGUMENT", message);
  }
}

/** Text or bytes that are not a hash. `ERR_EMPREINTE_INVALID_HASH` */
export class InvalidHashError extends EmpreinteError {
  constructor(message: string) {
    super("ERR_EMPREINTE_INVALID_HASH", message);
  }
}

/** An input that could not be read or decoded. */
export class ImageError extends EmpreinteError {}

/** A video that could not be read or decoded, or an ffmpeg that cannot decode it. */
export class VideoError extends EmpreinteError {}

/** A limit that was passed. `ERR_EMPREINTE_LIMIT` */
export class LimitError extends EmpreinteError {
  /** The option that raises it, for instance `maxPixels`. */
  readonly limit: string;

  constructor(limit: string, message: string) {
    super("ERR_EMPREINTE_LIMIT", message);
    this.limit = limit;
  }
}

/** An index that refuses an id, or an index file that cannot be used. */
export class IndexError extends EmpreinteError {}

/** A list that cannot be read on: cut off, not of its format, or built to do harm. `ERR_EMPREINTE_LIST` */
export class ListError extends EmpreinteError {
  /** The name of the list. */
  readonly list: string;
  /** "entry 3, line 17", "byte 512", "the list" */
  readonly place: string;

  constructor(list: string, place: string, reason: string, options?: ErrorOptions) {
    super("ERR_EMPREINTE_LIST", `The list ${printable(list)} cannot be read on at ${place}: ${reason}`, options);
    this.list = list;
    this.place = place;
  }
}

/** A bank store that cannot be used, or that refuses a name. */
export class BankError extends EmpreinteError {}

/** What the system said of a file, as "ENOENT, no such file or directory": Node's own sentence repeats the path. */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return known?.join(", ") ?? (error instanceof Error ? message : String(error));
}

/** A path on one line: control characters are escaped. */
export function printable(path: string): string {
  return path.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
