import { createHmac } from "node:crypto";
import type { Database } from "./database.js";

/**
 * Digests with the store's own secret, 128 bits as hex: they tell that two things are the same within the store. Who has
 * the file has the secret in it, and can test a guess.
 */
export function keyedDigest(database: Database): (text: string) => string {
  const [secret] = database.get<[Buffer]>("SELECT value FROM meta WHERE name = 'secret'")!;
  return (text) => createHmac("sha256", secret).update(text).digest("hex").slice(0, 32);
}

/** What a tombstone keeps of a source's entry. */
export function tombstoneDigest(digest: (text: string) => string, source: number, key: string): string {
  return digest(`tombstone ${source} ${key}`);
}
