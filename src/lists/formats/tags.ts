import type { Label } from "../entry.js";

/** Makes a label of a tag: `scheme:code`, or a word, whose scheme is "tag". */
export function tagLabel(text: string): Label {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon === text.length - 1) return { scheme: "tag", code: text };
  return { scheme: text.slice(0, colon), code: text.slice(colon + 1) };
}

/**
 * Makes a tag of a label, such that `tagLabel` returns the label without its version. Undefined if that is impossible.
 */
export function tagText({ scheme, code }: Label, separator: string): string | undefined {
  const text = scheme === "tag" && !code.includes(":") ? code : `${scheme}:${code}`;
  const broken = text.trim() !== text || text.includes(separator) || /[\r\n]/.test(text);
  const { scheme: sameScheme, code: sameCode } = tagLabel(text);
  return broken || text === "" || sameScheme !== scheme || sameCode !== code ? undefined : text;
}

/** Returns the labels without repetitions, in their order. */
export function distinctLabels(labels: readonly Label[]): Label[] {
  if (labels.length < 2) return [...labels];
  const seen = new Map(labels.map((label) => [`${label.scheme}\n${label.version ?? ""}\n${label.code}`, label]));
  return [...seen.values()];
}
