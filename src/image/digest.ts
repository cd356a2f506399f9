import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { invalidArgument, oneOf, checkOptions, checkSignal } from "../check.js";
import { ImageError, printable, systemReason } from "../errors.js";

/** Digests of a file's bytes, by which lists name exact copies. */
export type DigestType = "md5" | "sha1" | "sha256";
export const digestTypes: readonly DigestType[] = ["md5", "sha1", "sha256"];

/** Lower-case hex digits of those that were asked for. */
export type FileDigests = Partial<Record<DigestType, string>>;

/** Which digests are asked for. @throws {InvalidArgumentError} */
export function checkDigests(types: unknown): readonly DigestType[] {
  if (types === undefined) return [];
  if (!Array.isArray(types)) throw invalidArgument("digests", "array of md5, sha1, sha256", types);
  return [...new Set(types.map((type) => oneOf("digests", type, digestTypes)))];
}

/** Several digests of the same bytes, as they come. */
export class Digester {
  readonly #hashes: [DigestType, Hash][];

  constructor(types: readonly DigestType[]) {
    this.#hashes = types.map((type) => [type, createHash(type)]);
  }

  update(bytes: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(bytes);
  }

  /** Once. */
  finish(): FileDigests {
    return Object.fromEntries(this.#hashes.map(([type, hash]) => [type, hash.digest("hex")]));
  }
}

/**
 * The digests of a file of any kind and length: what `hashImage` gives with the option `digests`, for files that are no
 * pictures.
 *
 * @throws {InvalidArgumentError} @throws {ImageError} `ERR_EMPREINTE_READ`; the signal's reason.
 *
 * @example
 * const { md5, sha1 } = await digestFile("clip.mp4", { digests: ["md5", "sha1"] });
 */
export async function digestFile(
  path: string | URL,
  options?: { digests?: readonly DigestType[]; signal?: AbortSignal },
): Promise<FileDigests> {
  const given = checkOptions(options, ["digests", "signal"]);
  const digester = new Digester(checkDigests(given.digests ?? digestTypes));
  const signal = checkSignal(given.signal);
  if (!(path instanceof URL) && (typeof path !== "string" || path === ""))
    throw invalidArgument("path", "path or file URL", path);
  signal?.throwIfAborted();
  try {
    const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) });
    for await (const piece of stream) digester.update(piece as Uint8Array);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const name = printable(String(path));
    throw new ImageError("ERR_EMPREINTE_READ", `${name} cannot be read: ${systemReason(error)}`, { cause: error });
  }
  return digester.finish();
}
