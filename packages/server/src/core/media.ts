/** Uploads: what they are, and their bytes on the way to the decoder. */
import { createHash } from "node:crypto";
import { sniffImage } from "empreinte";
import { sniffVideo } from "empreinte/video";
import { ServiceError } from "./errors.js";
import type { UploadMemory } from "./gate.js";

/** How many first bytes say what a file is. */
const sniffedBytes = 4096;

export type Kind = "image" | "video";

/** A body whose first bytes were read. */
export interface SniffedBody {
  /** Undefined for anything that cannot be hashed. */
  kind: Kind | undefined;
  /** All chunks, the first ones included. */
  chunks: AsyncIterable<Buffer>;
}

/** Reads the first bytes of a body, and says what it is. A GIF is an image. */
export async function sniffBody(body: AsyncGenerator<Buffer, void, undefined>): Promise<SniffedBody> {
  const first: Buffer[] = [];
  let length = 0;
  while (length < sniffedBytes) {
    const { value, done } = await body.next();
    if (done === true) break;
    first.push(value);
    length += value.length;
  }
  const head = Buffer.concat(first).subarray(0, sniffedBytes);
  const kind = sniffImage(head) !== undefined ? "image" : sniffVideo(head) !== undefined ? "video" : undefined;
  async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
    yield* first;
    yield* body;
  }
  return { kind, chunks: chunks() };
}

/** The bytes of an image, held until `release`. */
export interface HeldImage {
  chunks: Buffer[];
  release: () => void;
}

/** Reads an image into memory, within the memory that all uploads have together. */
export async function holdImage(body: AsyncIterable<Buffer>, memory: UploadMemory): Promise<HeldImage> {
  const chunks: Buffer[] = [];
  let held = 0;
  const release = (): void => {
    memory.give(held);
    held = 0;
    chunks.length = 0;
  };
  try {
    for await (const chunk of body) {
      memory.take(chunk.length);
      held += chunk.length;
      chunks.push(chunk);
    }
  } catch (error) {
    release();
    throw error;
  }
  if (held === 0) throw new ServiceError(400, "ERR_EMPREINTE_REQUEST", "The body has no bytes");
  return { chunks, release };
}

/** A stream of a held image, which the library reads once. */
export async function* imageStream(image: HeldImage): AsyncGenerator<Buffer, void, undefined> {
  for (const chunk of image.chunks) yield await Promise.resolve(chunk);
}

/** The digests of an upload's bytes, as hex. */
export interface Digests {
  md5: string;
  sha1: string;
  sha256: string;
}

/** Passes a body on and takes its digests meanwhile. `digests` answers them once the body was read to its end. */
export function digested(body: AsyncIterable<Buffer>): {
  chunks: AsyncIterable<Buffer>;
  digests: () => Digests | undefined;
} {
  const [md5, sha1, sha256] = [createHash("md5"), createHash("sha1"), createHash("sha256")];
  let digests: Digests | undefined;
  async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of body) {
      for (const hash of [md5, sha1, sha256]) hash.update(chunk);
      yield chunk;
    }
    digests = { md5: md5.digest("hex"), sha1: sha1.digest("hex"), sha256: sha256.digest("hex") };
  }
  return { chunks: chunks(), digests: () => digests };
}
