import { ImageError, LimitError } from "../../errors.js";
import { type DigestType, Digester, type FileDigests } from "./digest.js";
import { type ImageFormat, sniffBytes, sniffImage } from "./sniff.js";

/** All bytes of one image, in memory that nothing else uses. */
export interface Content {
  /** What errors call the input. */
  name: string;
  bytes: Uint8Array;
  format: ImageFormat;
  /** The digests of these bytes, of the types that were requested. */
  digests?: FileDigests;
}

export function tooManyBytes(name: string, maxBytes: number): LimitError {
  return new LimitError("maxBytes", `${name} has more than ${maxBytes} bytes; maxBytes raises this limit`);
}

/**
 * Collects the bytes of one image in memory of its own. It throws as soon as they cannot become an image within the
 * limit: there are too many, or their beginning has no known format.
 */
export class ByteCollector {
  readonly #name: string;
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #length = 0;
  #format: ImageFormat | undefined;
  readonly #digester: Digester | undefined;

  /** @param expected how many bytes to have memory for at first. */
  constructor(name: string, maxBytes: number, expected: number, digests: readonly DigestType[]) {
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#bytes = Buffer.allocUnsafeSlow(expected);
    if (digests.length > 0) this.#digester = new Digester(digests);
  }

  /** Returns memory for the next bytes. Call `commit` with how many were written there. */
  reserve(): Uint8Array {
    if (this.#length === this.#bytes.length) this.#grow(2 * this.#length);
    return this.#bytes.subarray(this.#length);
  }

  /** Takes bytes that were written into reserved memory. @throws {LimitError} @throws {ImageError} */
  commit(count: number): void {
    this.#length += count;
    if (this.#length > this.#maxBytes) throw tooManyBytes(this.#name, this.#maxBytes);
    this.#digester?.update(this.#bytes.subarray(this.#length - count, this.#length));
    if (this.#length >= sniffBytes) this.#format ??= this.#sniff();
  }

  /** Copies a chunk. @throws {LimitError} @throws {ImageError} */
  push(chunk: Uint8Array): void {
    const { length } = chunk;
    // This includes a chunk whose memory was transferred: nothing can be read from it.
    if (length === 0) return;
    if (this.#length + length > this.#maxBytes) throw tooManyBytes(this.#name, this.#maxBytes);
    if (this.#length + length > this.#bytes.length) this.#grow(Math.max(2 * this.#length, this.#length + length));
    this.#bytes.set(chunk, this.#length);
    this.commit(length);
  }

  /** Returns everything that was collected. @throws {ImageError} if there is nothing, or no known format. */
  finish(): Content {
    if (this.#length === 0) throw new ImageError("ERR_EMPREINTE_EMPTY", `${this.#name} is empty`);
    const bytes = this.#bytes.subarray(0, this.#length);
    const content: Content = { name: this.#name, bytes, format: this.#format ?? this.#sniff() };
    return this.#digester === undefined ? content : { ...content, digests: this.#digester.finish() };
  }

  #sniff(): ImageFormat {
    const format = sniffImage(this.#bytes.subarray(0, this.#length));
    if (format !== undefined) return format;
    const text = `${this.#name} is not a JPEG, PNG, GIF, WebP, TIFF, AVIF, HEIC, JPEG XL, JPEG 2000, BMP or ICO image`;
    throw new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(size, this.#maxBytes + 1));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
