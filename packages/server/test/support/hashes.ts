/** Hashes for tests. */
import { createHash } from "node:crypto";

/** A hash that looks like one of a photograph: half of its bits are ones. */
export function someHash(seed: string): string {
  const bytes = createHash("sha256").update(seed).digest();
  return Buffer.concat([bytes.subarray(0, 16), Buffer.from(bytes.subarray(0, 16).map((byte) => byte ^ 255))]).toString(
    "hex",
  );
}

/** A hash so many bits away: bits spread over the whole hash are flipped. */
export function away(hash: string, bits: number, turn = 0): string {
  const bytes = Buffer.from(hash, "hex");
  for (let bit = 0; bit < bits; bit++) {
    const at = (bit * 9 + turn * 5) % 256;
    bytes[at >> 3]! ^= 1 << (at & 7);
  }
  return bytes.toString("hex");
}
