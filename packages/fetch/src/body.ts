/** Bodies as streams, with their encoding undone and their bytes counted. */
import { pipeline, Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { FetchError } from "./errors.js";

/** What a request says that it takes. */
export const acceptedEncodings = "gzip, br";

/** Returns the decoder of an encoding; undefined for none. @throws {FetchError} `ERR_EMPREINTE_FETCH_ENCODING` */
function decoderOf(host: string, encoding: string): Transform | undefined {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return undefined;
  if (name === "gzip" || name === "x-gzip") return createGunzip();
  if (name === "br") return createBrotliDecompress();
  if (name === "deflate") return createInflate();
  throw new FetchError("ERR_EMPREINTE_FETCH_ENCODING", `${host} sends a body in an encoding that is not read`);
}

/** Passes chunks on until there are too many bytes. */
async function* counted(host: string, source: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > most) throw tooLarge(host, most);
    yield chunk;
  }
}

const tooLarge = (host: string, most: number): FetchError =>
  new FetchError("ERR_EMPREINTE_FETCH_LIMIT", `${host} sends more than ${most} bytes`);

const isZlib = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  /^(Z_|ERR__?ERROR|ERR_BROTLI|ERR_PADDING|ERR_FORMAT)/i.test(String(error.code));

/**
 * Returns the bytes of a body. Limits hold for the bytes that come and for those that they become.
 * @throws {FetchError} `ERR_EMPREINTE_FETCH_LIMIT` at once where the announced length is too much.
 */
export function bodyBytes(
  host: string,
  raw: Readable,
  { encoding, length, most }: { encoding: string; length: string; most: number },
): AsyncIterable<Uint8Array> {
  if (/^\d+$/.test(length) && Number(length) > most) throw tooLarge(host, most);
  const decoder = decoderOf(host, encoding);
  const incoming = counted(host, raw as AsyncIterable<Uint8Array>, most);
  if (decoder === undefined) return incoming;
  // The error of either side ends the other; the reader below sees it.
  pipeline(Readable.from(incoming, { objectMode: false }), decoder, () => undefined);
  return decoded(host, decoder, most);
}

async function* decoded(host: string, decoder: Transform, most: number): AsyncGenerator<Uint8Array> {
  try {
    yield* counted(host, decoder as AsyncIterable<Uint8Array>, most);
  } catch (error) {
    if (!isZlib(error)) throw error;
    throw new FetchError("ERR_EMPREINTE_FETCH_ENCODING", `${host} sends a damaged body`, { cause: error });
  }
}
