/** How many characters of base64 are no more than 8 hex digits: 30 bits. */
const base64Shown = 5;
/** The length of 32 bytes as base64, without padding. */
const base64Length = 43;

const kindOf = (code: number): 0 | 1 | 2 | 3 =>
  code >= 0x30 && code <= 0x39 ? 0 : code >= 0x41 && code <= 0x5a ? 1 : code >= 0x61 && code <= 0x7a ? 2 : 3;

/**
 * Returns where in a run of base64 characters 43 of them begin that look like random bytes, or -1. Random text changes
 * between digits, capitals and small letters at almost two of three places, and has all of them. The names of files do
 * so at one of four.
 */
function randomStart(run: string): number {
  const counts = [0, 0, 0, 0];
  const changes = new Uint8Array(run.length);
  let changed = 0;
  for (let i = 0; i < run.length; i++) {
    const kind = kindOf(run.charCodeAt(i));
    counts[kind]!++;
    changes[i] = i > 0 && kind !== kindOf(run.charCodeAt(i - 1)) ? 1 : 0;
    changed += changes[i]!;
    const from = i - base64Length;
    if (from >= 0) {
      counts[kindOf(run.charCodeAt(from))]!--;
      changed -= changes[from]!;
    }
    if (from < -1) continue;
    if (counts[0]! > 0 && counts[1]! > 2 && counts[2]! > 2 && changed >= 0.45 * base64Length) return from + 1;
  }
  return -1;
}

/**
 * Shortens every whole hash in a text, and base64 data that was given in the place of a name: of hex digits the first 8
 * stay, of base64 the first 5 characters. A run of at least 32 hex digits counts as a hash (the shortest, MD5, has 32).
 * All other text stays as it is. Errors, notes and names in them go through here.
 */
export function withoutHashes(text: string): string {
  return text
    .replace(/\bdata:[\w/+.-]*;base64,\S+/g, "data:…")
    .replace(/([0-9a-f]{8})[0-9a-f]{24,}/gi, "$1…")
    .replace(/[A-Za-z0-9+/]{43,}={0,2}/g, (run) => {
      // Padding ends base64. What precedes the last 43 characters may be folders.
      const plain = run.replace(/=+$/, "");
      const found = randomStart(plain);
      const start = found < 0 && plain.length < run.length ? plain.length - base64Length : found;
      return start < 0 ? run : `${run.slice(0, start + base64Shown)}…`;
    });
}
