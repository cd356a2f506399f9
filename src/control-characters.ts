/**
 * Terminal control characters, which a terminal does not show: the control characters C0, DELETE and C1 (ECMA-48), the
 * separators of lines and paragraphs, and those that change the direction of text, by which a name shows another ending
 * than it has (Unicode Standard Annex 9).
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Replaces each control character by what `escape` makes of it, or else by `\u` and four hex digits. */
export function escapeControls(text: string, escape: (character: string) => string = unicodeEscape): string {
  return text.replace(controls, escape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
