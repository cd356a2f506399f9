import { createHash, type Hash } from "node:crypto";
import { invalidArgument, oneOf, checkOptions, checkSignal } from "../../check.js";
import { ImageError, printable, systemReason } from "../../errors.js";
import { openFile } from "../../files/open-file.js";
import { pathOf } from "../../files/path.js";

/** A type of digest of a file's bytes. Lists identify exact copies by digests. */
export type DigestType = "md5" | "sha1" | "sha256";
export const digestTypes: readonly DigestType[] = ["md5", "sha1", "sha256"];

/** Digests by type, in lower-case hex digits. It has only the requested types. */
export type FileDigests = Partial<Record<DigestType, string>>;

/** Checks a list of types. @throws {InvalidArgumentError} */
export function checkDigests(types: unknown): readonly DigestType[] {
  if (types === undefined) return [];
  if (!Array.isArray(types)) throw invalidArgument("digests", "array of md5, sha1, sha256", types);
  return [...new Set(types.map((type) => oneOf("digests", type, digestTypes)))];
}

/** Computes several digests of the same bytes, piece by piece. */
export class Digester {
  readonly #hashes: [DigestType, Hash][];

  constructor(types: readonly DigestType[]) {
    this.#hashes = types.map((type) => [type, createHash(type)]);
  }

  update(bytes: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(bytes);
  }

  /** Returns the digests. Call it once. */
  finish(): FileDigests {
    return Object.fromEntries(this.#hashes.map(([type, hash]) => [type, hash.digest("hex")]));
  }
}

/**
 * Computes the digests of a file of any kind and length. `hashImage` computes the same ones with the option `digests`;
 * this function is for files that are not images.
 *
 * @param options.digests which types to compute. Default: all three.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for a path or option that does not fit.
 * @throws {ImageError} `ERR_EMPREINTE_READ` if the file cannot be read. When aborted, the promise rejects with the
 * signal's reason.
 *
 * @example
 * const { md5, sha1 } = await digestFile("clip.mp4", { digests: ["md5", "sha1"] });
 */
export async function digestFile(
  path: string | URL,
  options?: { digests?: readonly DigestType[]; signal?: AbortSignal },
): Promise<FileDigests> {
  const { digests = digestTypes, ...given } = checkOptions(options, ["digests", "signal"]);
  const digester = new Digester(checkDigests(digests));
  const signal = checkSignal(given.signal);
  const name = pathOf(path);
  signal?.throwIfAborted();
  try {
    const { file } = await openFile(name);
    const stream = file.createReadStream({ highWaterMark: 1 << 20, ...(signal && { signal }) });
    for await (const piece of stream) digester.update(piece as Uint8Array);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const text = `${printable(name)} cannot be read: ${systemReason(error)}`;
    throw new ImageError("ERR_EMPREINTE_READ", text, { cause: error });
  }
  return digester.finish();
}
