/** The file of an upload, for a matcher that takes files. */
import { defaultLimits, type ImageInput, readSmallFileSync, sniffImage } from "empreinte";
import { invalid } from "../errors.js";

export interface UploadFile {
  bytes: Uint8Array;
  /** Its media type, by its first bytes. */
  type: string;
}

const types: Readonly<Record<string, string>> = {
  bmp: "image/bmp",
  ico: "image/vnd.microsoft.icon",
  jp2: "image/jp2",
  jpeg: "image/jpeg",
  jxl: "image/jxl",
};

/**
 * Reads the file of an upload into memory. Answers undefined for pixels, which have no file, and for more than
 * `maxBytes` bytes in memory, which the library itself refuses.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_LIMIT`: the path leads to no file, or to one that is
 * too large.
 * @throws {ExchangeError} `ERR_EMPREINTE_INVALID_ARGUMENT` for a stream that is longer than `maxBytes`.
 */
export async function readUploadFile(
  input: ImageInput,
  { maxBytes = defaultLimits.maxBytes }: { maxBytes?: number } = {},
): Promise<UploadFile | undefined> {
  const bytes = await bytesOf(input, maxBytes);
  if (bytes === undefined || bytes.byteLength > maxBytes) return undefined;
  const format = sniffImage(bytes);
  return { bytes, type: format === undefined ? "application/octet-stream" : (types[format] ?? `image/${format}`) };
}

async function bytesOf(input: ImageInput, most: number): Promise<Uint8Array | undefined> {
  if (input instanceof Uint8Array) return input;
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (typeof input === "string" || input instanceof URL) return readSmallFileSync(input, { maxBytes: most });
  if (!(Symbol.asyncIterator in input)) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > most) throw invalid("the upload", `at most ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
