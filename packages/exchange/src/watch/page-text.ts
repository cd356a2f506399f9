/** The words and the images of a page. No browser: what a script would add is not seen. */
import { createHash } from "node:crypto";

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function decode(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? all;
      const code = decimal === undefined ? Number.parseInt(hex ?? "0", 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : " ";
    },
  );
}

/** The words that a reader sees, in order, in lower case. Numbers are one word: times and counters change by themselves. */
export function wordsOf(html: string): string[] {
  const visible = html
    .replaceAll(/<!--[^]*?(?:-->|$)/g, " ")
    .replaceAll(/<(script|style|noscript|template)\b[^]*?(?:<\/\1\s*>|$)/gi, " ")
    .replaceAll(/<[^>]*>/g, " ");
  const words =
    decode(visible)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => (/^[\p{N}]+$/u.test(word) || (word.length > 15 && /\p{N}/u.test(word)) ? "0" : word));
}

/** A digest of words, by which a page is recognised. */
export function digestOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join(" ")).digest("hex").slice(0, 15);
}

/** How much two texts have in common, 0 … 1: the share of runs of three words that are in both. */
export function similarity(a: readonly string[], b: readonly string[]): number {
  const runs = (words: readonly string[]): Set<string> => new Set(words.map((_, i) => words.slice(i, i + 3).join(" ")));
  const [some, others] = [runs(a), runs(b)];
  const common = [...some].filter((run) => others.has(run)).length;
  const all = some.size + others.size - common;
  return all === 0 ? 1 : common / all;
}

/** The addresses of the images of a page, absolute, each once, at most `most`. */
export function imagesOf(html: string, base: string, most: number): string[] {
  const found = new Set<string>();
  const take = (text: string | undefined): void => {
    const address = decode(text ?? "").trim();
    if (address === "" || found.size >= most || !URL.canParse(address, base)) return;
    const url = new URL(address, base);
    url.hash = "";
    if (/^https?:$/.test(url.protocol)) found.add(url.href);
  };
  for (const [tag] of html.matchAll(/<(?:img|source|video|meta|link|a|image)\b[^>]*>/gi)) {
    const attributes = new Map<string, string>();
    for (const [, name, double, single, bare] of tag.matchAll(/([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g)) {
      attributes.set(name!.toLowerCase(), double ?? single ?? bare ?? "");
    }
    const property = attributes.get("property") ?? attributes.get("name") ?? attributes.get("rel") ?? "";
    if (/^<meta/i.test(tag)) {
      if (/^(og:image|twitter:image)/i.test(property)) take(attributes.get("content"));
    } else if (/^<link/i.test(tag)) {
      if (/image_src/i.test(property)) take(attributes.get("href"));
    } else if (/^<a\b/i.test(tag)) {
      if (/\.(jpe?g|png|webp|gif|avif)$/i.test(attributes.get("href") ?? "")) take(attributes.get("href"));
    } else {
      for (const name of ["src", "data-src", "data-original", "poster", "href"]) take(attributes.get(name));
      for (const part of (attributes.get("srcset") ?? "").split(",")) take(part.trim().split(/\s+/)[0]);
    }
  }
  return [...found];
}
