/** The stable code of an error. Every error has a code and a sentence for a person, and no hash or file content. */
export type ErrorCode =
  /** An argument or option has the wrong type or is outside its range. */
  | "ERR_EMPREINTE_INVALID_ARGUMENT"
  /** The file cannot be read: it changed, or the browser withdrew access. */
  | "ERR_EMPREINTE_READ"
  /** The file has no bytes. */
  | "ERR_EMPREINTE_EMPTY"
  /** The content is in none of the formats that are decoded here. */
  | "ERR_EMPREINTE_UNSUPPORTED_FORMAT"
  /** The file is truncated or damaged. */
  | "ERR_EMPREINTE_CORRUPT"
  /** The file exceeds a limit. */
  | "ERR_EMPREINTE_LIMIT"
  /** There is not enough memory on this device. */
  | "ERR_EMPREINTE_OUT_OF_MEMORY"
  /** This browser cannot hash: the message says what it lacks. */
  | "ERR_EMPREINTE_BROWSER"
  /** The self-test gave another hash than it must, so no file is hashed. */
  | "ERR_EMPREINTE_SELF_TEST"
  /** The hasher was closed, or its worker ended. */
  | "ERR_EMPREINTE_CLOSED";

/** Any error of this package. */
export class HashError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HashError";
    this.code = code;
  }
}

export const damaged = (why: string): HashError =>
  new HashError("ERR_EMPREINTE_CORRUPT", `The file cannot be decoded: ${why}.`);

export const unsupported = (what: string): HashError =>
  new HashError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", `The file is ${what}, which is not decoded in a browser.`);

export const noMemory = (): HashError =>
  new HashError("ERR_EMPREINTE_OUT_OF_MEMORY", "There is not enough memory on this device to decode the file.");

/** Returns whether a value is an error of this package, also of another copy of it, as the demuxer's file has one. */
export function isHashError(value: unknown): value is HashError {
  return value instanceof HashError || (value instanceof Error && value.name === "HashError" && "code" in value);
}
