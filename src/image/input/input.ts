import type { ByteStream } from "../../files/byte-stream.js";
import type { RawPixels } from "../../hash/raw-pixels.js";

/**
 * An encoded image: a path, a `file:` URL, its bytes, or a stream of them (web stream, Node stream, async iterable).
 */
export type EncodedInput = string | URL | Uint8Array | ArrayBuffer | ByteStream | AsyncIterable<Uint8Array>;

/** What can be hashed: an encoded image or decoded pixels. */
export type ImageInput = EncodedInput | RawPixels;
