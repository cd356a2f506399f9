/** The images and videos of a page. No browser: what a script would add is not seen. */
import { decodeText } from "./page-text.js";

/** A tag that may lead to an image or a video, or that says where relative addresses begin. */
const tag = /<(img|source|video|meta|link|a|image|input|embed|object|base)(?=[\s/>])/gi;
/**
 * An attribute. Pages are not trusted: each step goes forward, so that no page takes longer than its length.
 */
const attribute = /[\s/]*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/y;
const mostAttributes = 64;
const mostAddress = 4096;

const fileName = /\.(jpe?g|png|webp|gif|avif|mp4|webm|mov|m4v)$/i;

/** An image that is written into the page itself. */
const inPage = /^data:(?:image|video)\/[\w.+-]{1,40};base64,/i;

/**
 * Returns the addresses of the images and videos of a page, absolute, each once, at most `most`. Images in the page
 * itself are `data:` addresses.
 */
export function mediaOf(html: string, address: string, most: number): string[] {
  const found = new Set<string>();
  let base = address;
  const take = (text: string | undefined): void => {
    if (text === undefined || found.size >= most) return;
    if (inPage.test(text)) found.add(text);
    if (text.length > mostAddress) return;
    const decoded = decodeText(text).trim();
    if (decoded === "" || !URL.canParse(decoded, base)) return;
    const url = new URL(decoded, base);
    url.hash = "";
    if (/^https?:$/.test(url.protocol)) found.add(url.href);
  };
  tag.lastIndex = 0;
  for (let start = tag.exec(html); start !== null && found.size < most; start = tag.exec(html)) {
    const { attributes, end } = attributesAt(html, tag.lastIndex);
    tag.lastIndex = end;
    const name = start[1]!.toLowerCase();
    const href = decodeText(attributes.get("href") ?? "").trim();
    if (name !== "base") takeTag(name, attributes, take);
    else if (href !== "" && URL.canParse(href, address)) base = new URL(href, address).href;
  }
  for (const background of backgroundsOf(html, most)) take(background);
  return [...found];
}

/** Returns the bytes of an image that is written into a page; undefined for another address. */
export function bytesInPage(address: string): Buffer | undefined {
  const start = inPage.exec(address)?.[0];
  return start === undefined ? undefined : Buffer.from(address.slice(start.length), "base64");
}

/** Returns what `url(…)` of styles leads to, as it is written, at most `most` of those that may be images. */
function backgroundsOf(html: string, most: number): string[] {
  const found: string[] = [];
  for (let at = html.indexOf("url("); at >= 0 && found.length < most; at = html.indexOf("url(", at)) {
    const end = html.indexOf(")", at);
    if (end < 0) break;
    const inside = decodeText(html.slice(at + 4, end)).trim();
    const address = inside.replace(/^(["'])(.*)\1$/s, "$2");
    if (inPage.test(address) || fileName.test(address.split(/[?#]/, 1)[0]!)) found.push(address);
    at = end;
  }
  return found;
}

/** Returns the addresses of a `srcset`. An address may have commas. One that ends with a comma has no descriptor. */
function addressesOf(srcset: string): string[] {
  const found: string[] = [];
  const candidate = /[\s,]*([^\s,]\S*)/y;
  for (
    let match = candidate.exec(srcset);
    match !== null && found.length < mostAttributes;
    match = candidate.exec(srcset)
  ) {
    const written = match[1]!;
    const address = written.replace(/,+$/, "");
    found.push(address);
    if (address !== written) continue;
    const comma = srcset.indexOf(",", candidate.lastIndex);
    if (comma < 0) break;
    candidate.lastIndex = comma;
  }
  return found;
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
    for (const key of ["src", "data-src", "data-original", "poster", "href", "data"]) take(attributes.get(key));
    for (const key of ["srcset", "data-srcset"]) for (const one of addressesOf(attributes.get(key) ?? "")) take(one);
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
