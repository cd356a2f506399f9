/** The beginning of a list, by which its format is recognized. */

/** How many bytes of a list are looked at. */
export const headBytes = 65_536;

export class Head {
  /** The beginning as text, without a byte order mark and the white space before it. */
  readonly text: string;
  /** What kind of text it is, by its first character. */
  readonly kind: "xml" | "json-array" | "json-object" | "text";
  #lines: string[] | undefined;

  /** @param bytes the first bytes of the list; only `headBytes` of them count. */
  constructor(bytes: Uint8Array) {
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headBytes))
      .toString("utf8")
      .replace(/^\uFEFF?\s*/, "");
    const kinds = { "<": "xml", "[": "json-array", "{": "json-object" } as const;
    this.kind = kinds[this.text[0] as keyof typeof kinds] ?? "text";
  }

  /**
   * The lines that are not blank. A list may begin with a header, with broken lines, or with signals of other types.
   */
  get lines(): readonly string[] {
    this.#lines ??= this.text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== "");
    return this.#lines;
  }

  /** The first line that is not blank; empty if there is none. */
  get firstLine(): string {
    return this.lines[0] ?? "";
  }

  /** Returns true if some JSON object in the beginning has a member of this name. */
  hasMember(name: string): boolean {
    return new RegExp(`"${name}"\\s*:`).test(this.text);
  }

  /** True if some JSON object in the beginning has an array as the member of this name. */
  hasArray(name: string): boolean {
    return new RegExp(`"${name}"\\s*:\\s*\\[`).test(this.text);
  }
}
