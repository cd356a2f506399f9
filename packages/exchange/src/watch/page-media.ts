/** The images and videos of a page. No browser: what a script would add is not seen. */
import { decodeText } from "./page-text.js";

/** A tag that may lead to an image or a video. */
const tag = /<(img|source|video|meta|link|a|image)(?=[\s/>])/gi;
/**
 * An attribute. Pages are not trusted: each step goes forward, so that no page takes longer than its length.
 */
const attribute = /[\s/]*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/y;
const mostAttributes = 64;
const mostAddress = 4096;

const fileName = /\.(jpe?g|png|webp|gif|avif|mp4|webm|mov|m4v)$/i;

/** Returns the addresses of the images and videos of a page, absolute, each once, at most `most`. */
export function mediaOf(html: string, base: string, most: number): string[] {
  const found = new Set<string>();
  const take = (text: string | undefined): void => {
    if (text === undefined || text.length > mostAddress || found.size >= most) return;
    const address = decodeText(text).trim();
    if (address === "" || !URL.canParse(address, base)) return;
    const url = new URL(address, base);
    url.hash = "";
    if (/^https?:$/.test(url.protocol)) found.add(url.href);
  };
  tag.lastIndex = 0;
  for (let start = tag.exec(html); start !== null && found.size < most; start = tag.exec(html)) {
    const { attributes, end } = attributesAt(html, tag.lastIndex);
    tag.lastIndex = end;
    takeTag(start[1]!.toLowerCase(), attributes, take);
  }
  return [...found];
}

function takeTag(
  name: string,
  attributes: ReadonlyMap<string, string>,
  take: (address: string | undefined) => void,
): void {
  const href = attributes.get("href");
  const property = attributes.get("property") ?? attributes.get("name") ?? attributes.get("rel") ?? "";
  if (name === "meta") {
    if (/^(og:image|og:video|twitter:image)/i.test(property)) take(attributes.get("content"));
  } else if (name === "link") {
    if (/image_src/i.test(property)) take(href);
  } else if (name === "a") {
    if (fileName.test(href ?? "")) take(href);
  } else {
    for (const key of ["src", "data-src", "data-original", "poster", "href"]) take(attributes.get(key));
    for (const part of (attributes.get("srcset") ?? "").split(",", mostAttributes)) take(part.trim().split(/\s/, 1)[0]);
  }
}

/** Reads the attributes of a tag, and answers where the tag ends. */
function attributesAt(html: string, from: number): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>();
  let at = from;
  while (at < html.length && html[at] !== ">" && html[at] !== "<") {
    attribute.lastIndex = at;
    const match = attribute.exec(html);
    if (match === null) at++;
    else {
      at = attribute.lastIndex;
      const [, name = "", double, single, bare] = match;
      const key = name.slice(0, 32).toLowerCase();
      if (attributes.size < mostAttributes && !attributes.has(key)) attributes.set(key, double ?? single ?? bare ?? "");
    }
  }
  return { attributes, end: at };
}
