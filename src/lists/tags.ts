import type { ListLabel } from "./entry.js";

/** A tag of a list is `scheme:code`, or a word, which is `{scheme: "tag"}`. */
export function tagLabel(text: string): ListLabel {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon === text.length - 1) return { scheme: "tag", code: text };
  return { scheme: text.slice(0, colon), code: text.slice(colon + 1) };
}

/** Without repetition, in the order they came. */
export function distinctLabels(labels: readonly ListLabel[]): ListLabel[] {
  if (labels.length < 2) return [...labels];
  const seen = new Map(labels.map((label) => [`${label.scheme}\n${label.version ?? ""}\n${label.code}`, label]));
  return [...seen.values()];
}
