import type { Readable } from "node:stream";
import { bodyBytes } from "./body.js";
import { networkError } from "./errors.js";

/** An answer. Read its body, or discard it. */
export interface FetchResponse {
  /** The status, 100 … 599. */
  status: number;
  /** The headers by their names in lower case. Repeated ones are joined by ", ". */
  headers: Readonly<Record<string, string>>;
  /** The address that answered, after all redirects. */
  url: string;
  /** The addresses that redirected, in their order. */
  redirects: readonly string[];
  /**
   * The bytes as they come, with their encoding undone. It can be read once.
   * @throws {FetchError} while it is read: `…_TIMEOUT`, `…_LIMIT`, `…_ENCODING`, `…_NETWORK`
   */
  body: AsyncIterable<Uint8Array>;
  /** Reads the whole body. */
  bytes(): Promise<Buffer>;
  /** Reads the whole body as UTF-8. */
  text(): Promise<string>;
  /** Ends the connection without reading the rest. */
  discard(): void;
}

export interface OpenResponse {
  host: string;
  status: number;
  headers: Readonly<Record<string, string>>;
  url: string;
  redirects: readonly string[];
  raw: Readable;
  maxBytes: number;
  /** Whether the answer has no body, whatever its headers say of one. */
  bodiless: boolean;
  /** Why the fetch was ended from our side, if it was: the deadline, or the caller's own reason. */
  ended: () => unknown;
  /** Called once when the body is at its end, or will not be read. */
  done: () => void;
}

/** Makes the answer of an open connection. @throws {FetchError} */
export function openResponse(open: OpenResponse): FetchResponse {
  const { host, status, headers, url, redirects, raw, maxBytes, bodiless, done } = open;
  // The deadline may end a body that nobody reads, and so does `discard`.
  raw.on("error", () => undefined);
  const discard = (): void => {
    raw.destroy();
    done();
  };
  let bytes: AsyncIterable<Uint8Array>;
  try {
    const [encoding, length] = bodiless
      ? ["", ""]
      : [headers["content-encoding"] ?? "", headers["content-length"] ?? ""];
    bytes = bodyBytes(host, raw, { encoding, length, most: maxBytes });
  } catch (error) {
    discard();
    throw error;
  }
  const body = read(bytes, open, discard);
  const all = async (): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return {
    status,
    headers,
    url,
    redirects,
    body,
    bytes: all,
    text: async () => (await all()).toString("utf8"),
    discard,
  };
}

async function* read(
  bytes: AsyncIterable<Uint8Array>,
  { host, ended }: OpenResponse,
  discard: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw ended() ?? networkError(host, error);
  } finally {
    discard();
  }
}
