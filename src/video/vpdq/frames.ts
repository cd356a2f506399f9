import { integer, invalidArgument, iterable } from "../../check.js";
import { hashToHex } from "../../hash/value.js";
import type { SignatureFrame } from "../signature.js";

/** The fields of a frame that vPDQ files carry. */
export type VpdqFrame = Pick<SignatureFrame, "number" | "timestampSeconds" | "hash" | "quality">;

/**
 * Returns the frames that a caller gave, checked, with their hashes in lower case.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the frames are no iterable, or a field of one is of
 * the wrong kind.
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`: a frame's hash is malformed.
 */
export function checkFrames(name: string, frames: Iterable<VpdqFrame>): VpdqFrame[] {
  return Array.from(iterable(name, frames, "iterable of frames"), (frame, i) => {
    const place = `${name}[${i}]`;
    if (typeof frame !== "object" || frame === null) throw invalidArgument(place, "frame", frame);
    const { number, timestampSeconds, hash, quality } = frame;
    if (typeof timestampSeconds !== "number" || !(timestampSeconds >= 0 && timestampSeconds < Infinity)) {
      throw invalidArgument(`${place}.timestampSeconds`, "number of at least 0", timestampSeconds);
    }
    return {
      number: integer(`${place}.number`, number, 0, Number.MAX_SAFE_INTEGER),
      timestampSeconds,
      hash: hashToHex(hash),
      quality: integer(`${place}.quality`, quality, 0, 100),
    };
  });
}
