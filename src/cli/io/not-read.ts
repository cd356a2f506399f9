/** Names what of a file was not read. */
import type { Outcome } from "./outcome.js";
import type { Found } from "./files/walk.js";

/** Returns what was not read of a file, as a failure of that part. */
export function notRead(file: Found, part: "pages" | "embedded", message: string): Outcome<never> {
  return { file, part, failure: { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT", message } };
}

/** Names the further images of a file, of which the first alone was read. @param hint what would read them. */
export function namePages(file: Found, hint: string): Outcome<never>[] {
  return file.furtherPages ? [notRead(file, "pages", `only the first image was read, not those behind it${hint}`)] : [];
}
