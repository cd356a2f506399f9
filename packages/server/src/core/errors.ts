/** The errors of the service, and which HTTP status each error of the library has. */
import { EmpreinteError, LimitError } from "empreinte";
import { shortHashes } from "./redact.js";

/** A code of the service, beside the library's. */
export type ServiceCode =
  /** A request has a wrong parameter, field or form. */
  | "ERR_EMPREINTE_REQUEST"
  /** The configuration has a wrong value. */
  | "ERR_EMPREINTE_CONFIG"
  /** No key, or one that is wrong, expired or revoked. */
  | "ERR_EMPREINTE_UNAUTHORIZED"
  /** The key may not do this. */
  | "ERR_EMPREINTE_FORBIDDEN"
  /** There is no such route or item. */
  | "ERR_EMPREINTE_NOT_FOUND"
  /** The name is taken. */
  | "ERR_EMPREINTE_CONFLICT"
  /** The body has too many bytes. */
  | "ERR_EMPREINTE_TOO_LARGE"
  /** The client sent nothing for too long, or the deadline is over. */
  | "ERR_EMPREINTE_DEADLINE"
  /** The client went away. */
  | "ERR_EMPREINTE_ABORTED"
  /** Too many calls: the queue is full, or the key is over its rate. */
  | "ERR_EMPREINTE_TOO_MANY"
  /** The Idempotency-Key was used for another request, or its first request is still running. */
  | "ERR_EMPREINTE_IDEMPOTENCY"
  /** A URL cannot be fetched, or must not be. */
  | "ERR_EMPREINTE_FETCH"
  /** A person has seen as much as the day's budget allows. */
  | "ERR_EMPREINTE_BUDGET"
  /** The service cannot do this as it is configured. */
  | "ERR_EMPREINTE_DISABLED"
  /** The service ends. */
  | "ERR_EMPREINTE_DRAINING"
  /** A defect of the service. */
  | "ERR_EMPREINTE_INTERNAL";

/** An error that has an HTTP status. */
export class ServiceError extends Error {
  readonly status: number;
  readonly code: ServiceCode;
  /** Headers of the answer, such as Retry-After. */
  readonly headers: Record<string, string>;

  constructor(status: number, code: ServiceCode, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = "ServiceError";
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** An error as both interfaces answer it. */
export interface AnsweredError {
  status: number;
  code: string;
  message: string;
  headers: Record<string, string>;
}

const statuses: Record<string, number> = {
  ERR_EMPREINTE_INVALID_ARGUMENT: 400,
  ERR_EMPREINTE_INVALID_HASH: 400,
  ERR_EMPREINTE_READ: 400,
  ERR_EMPREINTE_EMPTY: 400,
  ERR_EMPREINTE_UNSUPPORTED_FORMAT: 415,
  ERR_EMPREINTE_CORRUPT: 422,
  ERR_EMPREINTE_VIDEO_FFMPEG: 501,
  ERR_EMPREINTE_VIDEO_NO_FRAMES: 422,
  ERR_EMPREINTE_VIDEO_CHILD: 422,
  ERR_EMPREINTE_LIMIT: 413,
  ERR_EMPREINTE_LIST: 422,
  ERR_EMPREINTE_UNKNOWN_NAME: 404,
  ERR_EMPREINTE_DUPLICATE_NAME: 409,
  ERR_EMPREINTE_BUSY: 503,
  ERR_EMPREINTE_WRITE: 507,
  ERR_EMPREINTE_CLOSED: 503,
  ERR_EMPREINTE_OUT_OF_MEMORY: 503,
};

const retries = new Set(["ERR_EMPREINTE_BUSY", "ERR_EMPREINTE_OUT_OF_MEMORY", "ERR_EMPREINTE_CLOSED"]);

/** Returns what fastify and its plugins throw: an HTTP status and a code of theirs. */
function foreignStatus(error: Error): number | undefined {
  const status = "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" && status >= 400 && status < 500 ? status : undefined;
}

const foreignCodes: Record<number, ServiceCode> = {
  404: "ERR_EMPREINTE_NOT_FOUND",
  408: "ERR_EMPREINTE_DEADLINE",
  413: "ERR_EMPREINTE_TOO_LARGE",
  429: "ERR_EMPREINTE_TOO_MANY",
};

/** Returns an error's status, code and text. The text of a defect says nothing: the log has it. */
export function answerOf(error: unknown): AnsweredError {
  if (error instanceof ServiceError) {
    return { status: error.status, code: error.code, message: shortHashes(error.message), headers: error.headers };
  }
  if (error instanceof EmpreinteError) {
    const { code } = error;
    // The size of a decoded image is no size of the request.
    const status = error instanceof LimitError && error.limit !== "maxBytes" ? 422 : (statuses[code] ?? 500);
    const headers: Record<string, string> = retries.has(code) ? { "retry-after": "1" } : {};
    const message = status === 500 ? "The service has a fault. Its log has the details." : shortHashes(error.message);
    return { status, code, message, headers };
  }
  const status = error instanceof Error ? foreignStatus(error) : undefined;
  if (status !== undefined && error instanceof Error) {
    return {
      status,
      code: foreignCodes[status] ?? "ERR_EMPREINTE_REQUEST",
      message: shortHashes(error.message),
      headers: {},
    };
  }
  const message = "The service has a fault. Its log has the details.";
  return { status: 500, code: "ERR_EMPREINTE_INTERNAL", message, headers: {} };
}

export const badRequest = (text: string): ServiceError => new ServiceError(400, "ERR_EMPREINTE_REQUEST", text);
export const notFound = (text: string): ServiceError => new ServiceError(404, "ERR_EMPREINTE_NOT_FOUND", text);
export const forbidden = (text: string): ServiceError => new ServiceError(403, "ERR_EMPREINTE_FORBIDDEN", text);
export const tooLarge = (text: string): ServiceError => new ServiceError(413, "ERR_EMPREINTE_TOO_LARGE", text);
export const tooMany = (text: string, seconds: number): ServiceError =>
  new ServiceError(429, "ERR_EMPREINTE_TOO_MANY", text, { "retry-after": String(Math.max(1, Math.ceil(seconds))) });
