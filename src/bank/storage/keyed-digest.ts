/** Digests that are keyed with the store's own secret. */
import { hash } from "node:crypto";
import type { Database } from "./database.js";

/** Returns the keyed digest of a text: 128 bits as 32 hex digits. */
export type KeyedDigest = (text: string) => string;

/**
 * Makes the store's keyed digest: SHA-256 of the secret and the text, cut to half, so that nobody can continue it. An
 * import makes one for each entry, and an HMAC of Node's takes three times as long. It shows whether two things are the
 * same within the store. The secret is in the file, so whoever has the file can test a guess.
 */
export function keyedDigest(database: Database): KeyedDigest {
  const [bytes] = database.get<[Buffer]>("SELECT value FROM meta WHERE name = 'secret'")!;
  const secret = bytes.toString("hex");
  return (text) => hash("sha256", `${secret} ${text}`, "hex").slice(0, 32);
}

/** The digest by which the store recognizes an entry of a source, also after its withdrawal: 16 bytes as hex digits. */
export function entryDigest(digest: KeyedDigest, source: number, key: string): string {
  return digest(`entry ${source} ${key}`);
}

/** The digest by which the store finds the entries of a case. */
export const caseDigest = (digest: KeyedDigest, name: string): string => digest(`case ${name}`);

/** Returns the digest by which the store recognizes a set of labels. */
export const labelsDigest = (digest: KeyedDigest, text: string): string => digest(`labels ${text}`);
