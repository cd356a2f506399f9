/** The stable code of an exchange's failure. */
export type ExchangeErrorCode =
  /** An option, a setting or an argument has the wrong type or is outside its range. */
  | "ERR_EMPREINTE_INVALID_ARGUMENT"
  /** A secret cannot be read from where the settings say it is. */
  | "ERR_EMPREINTE_EXCHANGE_SECRET"
  /** The exchange refuses the credentials: status 401 or 403. */
  | "ERR_EMPREINTE_EXCHANGE_DENIED"
  /** The exchange answers with a status that no second try would change. */
  | "ERR_EMPREINTE_EXCHANGE_STATUS"
  /** The exchange cannot be reached, or is too busy, after all tries. */
  | "ERR_EMPREINTE_EXCHANGE_UNAVAILABLE"
  /** A page is cut off, of another source, or contradicts itself. */
  | "ERR_EMPREINTE_EXCHANGE_PAGE"
  /** A whole list is so much shorter than before that an operator must accept it. */
  | "ERR_EMPREINTE_EXCHANGE_SHRUNK"
  /** The position from which to continue is in the future, or is invalid. */
  | "ERR_EMPREINTE_EXCHANGE_POSITION"
  /** The exchange knows the position no longer: it forgot it, or was restored. Everything must be fetched anew. */
  | "ERR_EMPREINTE_EXCHANGE_HISTORY"
  /** Another process fetches this source. */
  | "ERR_EMPREINTE_EXCHANGE_LOCKED"
  /** There is no source of that name. */
  | "ERR_EMPREINTE_UNKNOWN_NAME";

/** An exchange failed. The message names the host, never the rest of an address, a secret or a hash. */
export class ExchangeError extends Error {
  /** The code, which is stable across releases: see {@link ExchangeErrorCode}. */
  readonly code: ExchangeErrorCode;
  /** The HTTP status, where there is one. */
  readonly status: number | undefined;
  /** For how many milliseconds the exchange wants no other request, where it says so. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ExchangeErrorCode,
    message: string,
    options?: ErrorOptions & { status?: number; retryAfter?: number | undefined },
  ) {
    super(message, options);
    this.name = "ExchangeError";
    this.code = code;
    this.status = options?.status;
    this.retryAfter = options?.retryAfter;
  }
}

export const invalid = (name: string, expected: string): ExchangeError =>
  new ExchangeError("ERR_EMPREINTE_INVALID_ARGUMENT", `Expected ${expected} for ${name}`);

export const badPage = (exchange: string, reason: string, cause?: unknown): ExchangeError =>
  new ExchangeError("ERR_EMPREINTE_EXCHANGE_PAGE", `A page of ${exchange} cannot be used: ${reason}`, { cause });

/** Returns the code of an error, or "" where it has none. */
export function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** Whole hashes and tokens that a message might repeat: long runs of hex digits or of base64. */
const longRun = /(?<![0-9a-z+/_-])(?:[0-9a-f]{16,}|[0-9a-z+/_-]{40,}={0,2})/gi;

/** Returns what may be written down about an error: one line, without a whole hash or token. */
export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const short = text.replaceAll(longRun, (run) => `${run.slice(0, 8)}…`);
  return short.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, 512);
}
