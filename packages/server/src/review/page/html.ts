/** HTML from templates, in which every value is escaped. */

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: undefined, false and true are nothing. */
export type Part = Html | string | number | boolean | undefined | readonly Part[];

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function textOf(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "string") return part.replaceAll(/[&<>"']/g, (sign) => escapes[sign]!);
  if (typeof part === "number") return String(part);
  return typeof part === "object" ? part.map(textOf).join("") : "";
}

/** Returns a template of HTML. Values are escaped, also in attributes, which must have quotes around them. */
export function html(pieces: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(pieces.map((piece, at) => piece + (at < parts.length ? textOf(parts[at]) : "")).join(""));
}
