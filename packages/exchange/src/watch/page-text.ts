/** The words of a page. No browser: what a script would add is not seen. */
import { createHash } from "node:crypto";

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** Bytes in which a page states its encoding, if it does. */
const encodingBytes = 1024;

/**
 * Returns the text of a page. Its encoding is that of its byte order mark, of its headers or of a `meta` tag in its
 * first 1,024 bytes, in this order, and UTF-8 where none of them has one that is known.
 */
export function textOf(bytes: Uint8Array, contentType: string): string {
  const mark = [
    { encoding: "utf-8", start: [0xef, 0xbb, 0xbf] },
    { encoding: "utf-16le", start: [0xff, 0xfe] },
    { encoding: "utf-16be", start: [0xfe, 0xff] },
  ].find(({ start }) => start.every((byte, i) => bytes[i] === byte));
  const stated = (text: string): string | undefined => /charset\s*=\s*["']?([\w.:-]{1,40})/i.exec(text)?.[1];
  const first = Buffer.from(bytes.subarray(0, encodingBytes)).toString("latin1");
  const encoding = mark?.encoding ?? stated(contentType) ?? stated(first) ?? "utf-8";
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // The name is not that of an encoding.
  }
}

/** Answers text with its character references undone. */
export function decodeText(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? all;
      const code = decimal === undefined ? Number.parseInt(hex ?? "0", 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : " ";
    },
  );
}

/** The most words of a page that are looked at. */
const mostWords = 20_000;

/**
 * The words that a reader sees, in order, in lower case, the first 20,000. Numbers are one word: times and counters
 * change by themselves. Pages are not trusted: no pattern here goes over the same characters again.
 */
export function wordsOf(html: string): string[] {
  const visible = html
    .replaceAll(/<!--[^]*?(?:-->|$)/g, " ")
    .replaceAll(/<(script|style|noscript|template)\b[^]*?(?:<\/\1\s*>|$)/gi, " ")
    .replaceAll(/<(?=[a-z/!?])[^>]*(?:>|$)/gi, " ");
  const words: string[] = [];
  for (const [word] of decodeText(visible)
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    if (words.push(word) === mostWords) break;
  }
  return words.map((word) => {
    if (/^[\p{N}]+$/u.test(word) || (word.length > 15 && /\p{N}/u.test(word))) return "0";
    // A part of a string keeps the whole page in memory. A short one is a copy already.
    return word.length < 13 ? word : Buffer.from(word).toString();
  });
}

/** Returns a digest of words with spaces between them, by which a page is recognized. */
export function digestOf(words: string): string {
  return createHash("sha256").update(words).digest("hex").slice(0, 15);
}

/** How much two texts have in common, 0 … 1: the share of runs of three words that are in both. */
export function similarity(a: readonly string[], b: readonly string[]): number {
  const runs = (words: readonly string[]): Set<string> => new Set(words.map((_, i) => words.slice(i, i + 3).join(" ")));
  const [some, others] = [runs(a), runs(b)];
  const common = [...some].filter((run) => others.has(run)).length;
  const all = some.size + others.size - common;
  return all === 0 ? 1 : common / all;
}
