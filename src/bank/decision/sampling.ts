import { createHash } from "node:crypto";
import type { Policy } from "./policy.js";

/**
 * Whether an upload is among those a bank is asked for: a number of 48 bits made of the seed and the upload's hash, as a
 * share of 2^48, is below the ratio. By SHA-256 rather than by bits of the hash itself, which are not evenly spread.
 */
export function isSampled({ matchRatio = 1, seed = 0 }: Policy, hash: string): boolean {
  if (matchRatio === 1) return true;
  const drawn = createHash("sha256").update(`share ${seed} ${hash}`).digest().readUIntBE(0, 6);
  return drawn < matchRatio * 2 ** 48;
}
