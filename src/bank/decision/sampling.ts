import { createHash } from "node:crypto";
import type { Policy } from "./policy.js";

/**
 * Returns whether an upload is in the share of uploads for which a bank is searched. A number of 48 bits, made of the
 * seed and the upload's hash by SHA-256, is compared with the ratio. The bits of the hash itself are not evenly
 * distributed.
 */
export function isSampled({ matchRatio = 1, seed = 0 }: Policy, upload: string): boolean {
  if (matchRatio === 1) return true;
  const number = createHash("sha256").update(`share ${seed} ${upload}`).digest().readUIntBE(0, 6);
  return number < matchRatio * 2 ** 48;
}
