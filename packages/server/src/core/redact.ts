/** What leaves the service in errors and logs has no whole hash. */

/** Hex digits that may be a hash or a digest, and base64 of at least 32 bytes. */
const hexHash = /[0-9a-f]{24,}/gi;
const base64Hash = /[A-Za-z0-9+/_-]{43,}={0,2}/g;
const apiKey = /emp_[a-z0-9]+_[A-Za-z0-9_-]+/g;

/** Cuts every hash in a text to its first 8 digits, and removes secrets of keys. */
export function shortHashes(text: string): string {
  return text
    .replace(apiKey, "emp_…")
    .replace(hexHash, (hash) => `${hash.slice(0, 8)}…`)
    .replace(base64Hash, (hash) => `${hash.slice(0, 8)}…`);
}
