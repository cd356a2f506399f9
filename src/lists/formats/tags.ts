import type { Label } from "../entry.js";

/** A tag of a list is `scheme:code`, or a word, which is `{scheme: "tag"}`. */
export function tagLabel(text: string): Label {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon === text.length - 1) return { scheme: "tag", code: text };
  return { scheme: text.slice(0, colon), code: text.slice(colon + 1) };
}

/** The label as a tag, such that `tagLabel` gives it back but for its version; undefined where it cannot be one. */
export function tagText({ scheme, code }: Label, separator: string): string | undefined {
  const text = scheme === "tag" && !code.includes(":") ? code : `${scheme}:${code}`;
  const broken = text.trim() !== text || text.includes(separator) || /[\r\n]/.test(text);
  const { scheme: sameScheme, code: sameCode } = tagLabel(text);
  return broken || text === "" || sameScheme !== scheme || sameCode !== code ? undefined : text;
}

/** Without repetition, in the order they came. */
export function distinctLabels(labels: readonly Label[]): Label[] {
  if (labels.length < 2) return [...labels];
  const seen = new Map(labels.map((label) => [`${label.scheme}\n${label.version ?? ""}\n${label.code}`, label]));
  return [...seen.values()];
}
