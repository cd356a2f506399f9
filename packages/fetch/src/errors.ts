/** The stable code of a fetch that failed. */
export type FetchErrorCode =
  /** An option has the wrong type or is outside its range. */
  | "ERR_EMPREINTE_INVALID_ARGUMENT"
  /** The address is not `http:` or `https:`, has a user name or password, or a port that is not fetched. */
  | "ERR_EMPREINTE_FETCH_URL"
  /** The host is, or resolves to, an address that is not public. */
  | "ERR_EMPREINTE_FETCH_ADDRESS"
  /** The name of the host does not resolve. */
  | "ERR_EMPREINTE_FETCH_DNS"
  /** There are too many redirects, or a redirect leads nowhere. */
  | "ERR_EMPREINTE_FETCH_REDIRECT"
  /** The deadline passed before the last byte came. */
  | "ERR_EMPREINTE_FETCH_TIMEOUT"
  /** The body has more bytes than allowed. */
  | "ERR_EMPREINTE_FETCH_LIMIT"
  /** The body's encoding is unknown or damaged. */
  | "ERR_EMPREINTE_FETCH_ENCODING"
  /** The certificate is not valid for the host, or TLS cannot be agreed. */
  | "ERR_EMPREINTE_FETCH_TLS"
  /** The connection cannot be made, or it ended before the last byte. */
  | "ERR_EMPREINTE_FETCH_NETWORK";

/**
 * A fetch failed. The message names the host and nothing else of the address, because paths and queries may have
 * secrets.
 */
export class FetchError extends Error {
  /** The code, which is stable across releases: see {@link FetchErrorCode}. */
  readonly code: FetchErrorCode;

  constructor(code: FetchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FetchError";
    this.code = code;
  }
}

export const invalid = (name: string, expected: string): FetchError =>
  new FetchError("ERR_EMPREINTE_INVALID_ARGUMENT", `Expected ${expected} for ${name}`);

/** The codes by which OpenSSL and Node say that a certificate or a handshake is no good. */
const tlsCode = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO$)/;
const timeouts = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** Makes one of our errors of what the network reported. Our own errors stay as they are. */
export function networkError(host: string, error: unknown): FetchError {
  if (error instanceof FetchError) return error;
  const code = codeOf(error);
  // The cause has the code alone: messages of the network repeat addresses.
  const options = { cause: code === "" ? error : Object.assign(new Error(code), { code }) };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new FetchError("ERR_EMPREINTE_FETCH_DNS", `${host} does not resolve: ${code}`, options);
  }
  if (timeouts.has(code))
    return new FetchError("ERR_EMPREINTE_FETCH_TIMEOUT", `${host} did not answer: ${code}`, options);
  if (tlsCode.test(code)) {
    return new FetchError("ERR_EMPREINTE_FETCH_TLS", `${host} has no valid certificate: ${code}`, options);
  }
  const why = code === "" && error instanceof Error ? error.name : code;
  return new FetchError("ERR_EMPREINTE_FETCH_NETWORK", `The connection to ${host} failed: ${why}`, options);
}
