import { invalid } from "./errors.js";

/** What a {@link Fetcher} allows. */
export interface FetcherOptions {
  /**
   * Addresses and networks that may be fetched although they are not public: `["127.0.0.1", "10.0.0.0/8"]`. Default:
   * none.
   */
  allow?: readonly string[];
  /**
   * Origins that the operator has named, such as `"http://hma.internal:5000"`. Their addresses are not checked. Only
   * requests to exactly these origins are exempt, and a redirect from elsewhere never reaches them. Default: none.
   */
  trustedOrigins?: readonly string[];
  /** Connections to each origin, 1 … 256. Default 8. */
  connections?: number;
  /** Certificates of authorities in PEM, in place of those of the system. */
  ca?: string | readonly string[];
  /**
   * The proxy for `.onion` hosts: `"socks5://127.0.0.1:9050"`, or `"http://…"` for one that takes CONNECT. No other
   * host goes through it. Without it, `.onion` hosts are refused.
   */
  onionProxy?: string;
  /** The `user-agent` header. Default `"empreinte-fetch"`. */
  userAgent?: string;
}

/** One fetch. */
export interface FetchOptions {
  /** Default `"GET"`. Redirects are followed for GET and HEAD only. */
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * `authorization`, `cookie` and `proxy-authorization` are not sent on to another origin, nor is any name with `key`
   * in it.
   */
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Seconds from the call to the last byte of the body, 0.001 … 86,400. Default 30. */
  deadlineSeconds?: number;
  /** The most bytes of the body, before and after its encoding is undone. Default 67,108,864. */
  maxBytes?: number;
  /** The most redirects, 0 … 20. Default 3. With 0, a redirect is an error. */
  maxRedirects?: number;
  /** Ends the fetch, also while the body is read. */
  signal?: AbortSignal;
}

export interface CheckedFetch {
  method: NonNullable<FetchOptions["method"]>;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array | undefined;
  deadlineSeconds: number;
  maxBytes: number;
  maxRedirects: number;
  signal: AbortSignal | undefined;
}

/** Checks a number. @throws {FetchError} */
export function number(name: string, value: unknown, least: number, most: number, whole = true): number {
  if (typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw invalid(name, `${whole ? "a whole number" : "a number"} from ${least} to ${most}`);
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** Checks options and fills in defaults. @throws {FetchError} */
export function checkFetch(options: FetchOptions = {}): CheckedFetch {
  const { method = "GET", headers = {}, body, signal } = options;
  if (!methods.includes(method)) throw invalid("method", `one of ${methods.join(", ")}`);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid("signal", "an AbortSignal");
  return {
    method,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body,
    deadlineSeconds: number("deadlineSeconds", options.deadlineSeconds ?? 30, 0.001, 86_400, false),
    maxBytes: number("maxBytes", options.maxBytes ?? 2 ** 26, 0, Number.MAX_SAFE_INTEGER),
    maxRedirects: number("maxRedirects", options.maxRedirects ?? 3, 0, 20),
    signal,
  };
}
