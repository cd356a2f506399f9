import { isUtf8 } from "node:buffer";
import { escapeControls } from "../../control-characters.js";
import { withoutHashes } from "../../without-hashes.js";

/** A path as the system has it: text, or the bytes where they are not UTF-8. */
export type Path = string | Buffer;

export function pathOf(bytes: Buffer): Path {
  return isUtf8(bytes) ? bytes.toString("utf8") : bytes;
}

const short: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

const hexByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;

function escaped(path: Path): string {
  if (typeof path === "string") {
    return escapeControls(
      path.replaceAll("\\", "\\\\"),
      (c) => short[c] ?? Array.from(Buffer.from(c), hexByte).join(""),
    );
  }
  return path
    .toString("latin1")
    .replace(/[\u0000-\u001f\u007f-\u00ff\\]/g, (c) => short[c] ?? hexByte(c.charCodeAt(0))); // oxlint-disable-line no-control-regex
}

/**
 * Returns one line of fields as sha256sum prints names: when a field has a backslash, a line break, another control
 * character (which could be a command to the terminal, or turn a name round) or bytes that are not UTF-8, the line
 * begins with a backslash and these stand as `\\`, `\n`, `\r`, `\t` or `\xNN`. No other line begins with a backslash.
 */
export function textLine(fields: Path[], separator: string): string {
  const safe = fields.map(escaped);
  return (safe.some((field, i) => field !== fields[i]) ? "\\" : "") + safe.join(separator);
}

/** A path among the fields of a record. */
export interface PathField {
  path: Path;
}

/**
 * One record of text output. `plain` is for `--null`, where a zero byte ends the record: the path is then written as
 * its bytes, and the other fields stay escaped.
 */
export function textRecord(
  fields: readonly (string | PathField)[],
  separator: string,
  plain: boolean,
): string | Buffer {
  if (!plain)
    return textLine(
      fields.map((field) => (typeof field === "string" ? field : field.path)),
      separator,
    );
  const parts = fields.map((field) => Buffer.from(typeof field === "string" ? escaped(field) : (field.path as string)));
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from(separator), part])));
}

/** Returns a path for a message: as `textLine` has it, without the leading mark. */
export function shownPath(path: Path): string {
  return escaped(path);
}

/** The beginning of a text that came from the command line, safe to print. A whole hash in it is shortened first. */
export function shownBeginning(text: string, most: number): string {
  return escaped(withoutHashes(text).slice(0, most));
}

/** For JSON, which has its own escapes; bytes that are not UTF-8 are given whole in base64 beside the readable form. */
export function jsonPath(path: Path): { path: string; pathBase64?: string } {
  if (typeof path === "string") return { path };
  return { path: path.toString("utf8"), pathBase64: path.toString("base64") };
}

/** JSON on one line. Terminal control characters are escaped; a JSON parser restores them. */
export function jsonText(value: unknown): string {
  return escapeControls(JSON.stringify(value));
}
