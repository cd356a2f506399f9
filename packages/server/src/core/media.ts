/** Uploads: what they are, and their bytes on the way to the decoder. */
import { createHash } from "node:crypto";
import { LimitError, sniffImage } from "empreinte";
import { embeddedVideo, sniffVideo } from "empreinte/video";
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
  bytes: Buffer;
  release: () => void;
}

/**
 * Reads an image into memory, within the memory that all uploads have together. It becomes one piece only when all of
 * it is there: a client that says that much will come, and sends little, takes no more than it sends.
 */
export async function holdImage(body: AsyncIterable<Buffer>, memory: UploadMemory): Promise<HeldImage> {
  const chunks: Buffer[] = [];
  let held = 0;
  const release = (): void => {
    memory.give(held);
    held = 0;
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
  return { bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), release };
}

/**
 * A copy of the video behind a held image, within the memory that all uploads have together. Its caller gives it back.
 */
export async function videoBehind(
  image: HeldImage,
  memory: UploadMemory,
): Promise<{ video: Uint8Array; release: () => void } | undefined> {
  const video = await embeddedVideo(image.bytes);
  if (video === undefined) return undefined;
  memory.take(video.length);
  return { video, release: () => memory.give(video.length) };
}

/** Returns whether a video is behind a held image, or may be: a file with too many places that look like one counts. */
export async function hasVideoBehind(image: HeldImage): Promise<boolean> {
  try {
    return (await embeddedVideo(image.bytes)) !== undefined;
  } catch (error) {
    if (error instanceof LimitError) return true;
    throw error;
  }
}

/** The digests of an upload's bytes, as hex. */
export interface Digests {
  md5: string;
  sha1: string;
  sha256: string;
}

/** Returns the digests of bytes. */
export const digestsOf = (bytes: Uint8Array): Digests => {
  const [md5, sha1, sha256] = (["md5", "sha1", "sha256"] as const).map((name) =>
    createHash(name).update(bytes).digest("hex"),
  );
  return { md5: md5!, sha1: sha1!, sha256: sha256! };
};

/** Passes a body on and takes its digests meanwhile. `digests` returns them once the body was read to its end. */
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
