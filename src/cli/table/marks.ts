/**
 * Code in the texts of the tables: what somebody types or reads as it is, between backquotes. Markdown keeps them, the
 * manual page prints bold, and a terminal shows neither.
 */

/** Returns a text without its backquotes. */
export const plain = (text: string): string => text.replaceAll("`", "");

/** Passes what is between backquotes to `code` and the rest to `prose`, and joins the results. */
export const marked = (text: string, code: (part: string) => string, prose: (part: string) => string): string =>
  text
    .split("`")
    .map((part, i) => (i % 2 === 1 ? code(part) : prose(part)))
    .join("");
