import { TextDecoder } from "node:util";
import { SaxesParser } from "saxes";
import { isOurs, type Sink } from "../sink.js";

const feedBytes = 65_536;
/** Deeper nesting is refused. */
const maxDepth = 64;

export interface XmlHandler {
  /** Names are without a namespace prefix. */
  open(name: string, attributes: Record<string, string>): void;
  /** `text` is what stands directly before the end of the element. */
  close(name: string, text: string): void;
}

/** "h:image" → "image" */
function local(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? name : name.slice(colon + 1);
}

/**
 * XML in pieces. There are no entities but the five that XML has itself: a document type declaration, which could define
 * others, is refused before it is read.
 */
export class XmlReader {
  readonly #sink: Sink;
  readonly #maxEntryBytes: number;
  readonly #parser: SaxesParser;
  readonly #decoder: TextDecoder = new TextDecoder();
  #depth = 0;
  #rooted = false;
  /** What stands before the root element, while it has not begun. */
  #prolog = "";
  #text = "";
  #sinceMark = 0;

  constructor(sink: Sink, maxEntryBytes: number, handler: XmlHandler) {
    this.#sink = sink;
    this.#maxEntryBytes = maxEntryBytes;
    const parser = new SaxesParser({ xmlns: false, position: true });
    this.#parser = parser;
    parser.on("error", (error) => {
      const reason = error.message.replace(/^\d+:\d+: /, "").replace(/\.$/, "");
      throw isOurs(error) ? error : this.#wrong(`this is not well-formed XML (${plain(reason)})`);
    });
    parser.on("doctype", () => {
      throw this.#doctype();
    });
    parser.on("opentag", ({ name, attributes }) => {
      this.#rooted = true;
      if (++this.#depth > maxDepth) throw this.#wrong(`more than ${maxDepth} levels of nesting are refused`);
      this.#text = "";
      handler.open(local(name), attributes as Record<string, string>);
    });
    parser.on("text", (text) => void (this.#text += text));
    parser.on("cdata", (text) => void (this.#text += text));
    parser.on("closetag", ({ name }) => {
      this.#depth--;
      handler.close(local(name), this.#text);
      this.#text = "";
    });
  }

  /** From 1. */
  get line(): number {
    return this.#parser.line;
  }

  /** How many elements are open. */
  get depth(): number {
    return this.#depth;
  }

  /** An entry is whole: the next one may take `maxEntryBytes` again. */
  mark(): void {
    this.#sinceMark = 0;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += feedBytes) {
      const piece = bytes.subarray(at, at + feedBytes);
      const text = this.#decoder.decode(piece, { stream: true });
      if (!this.#rooted) this.#checkProlog(text);
      this.#sinceMark += piece.length;
      this.#parser.write(text);
      if (this.#sinceMark > this.#maxEntryBytes)
        throw this.#wrong(
          `more than ${this.#maxEntryBytes} bytes without a whole entry; maxEntryBytes raises this limit`,
        );
    }
  }

  end(): void {
    if (this.#depth > 0 || !this.#rooted) throw this.#wrong("it ends in the middle of the XML");
    this.#parser.close();
  }

  /** The parser reads a whole declaration before it tells of it; one of 100 MB is not waited for. */
  #checkProlog(text: string): void {
    this.#prolog += text;
    const outside = this.#prolog.replace(/<!--[\s\S]*?-->/g, "").replace(/<\?[\s\S]*?\?>/g, "");
    if (/^\s*<!DOCTYPE/i.test(outside.replace(/^\uFEFF/, ""))) throw this.#doctype();
    if (this.#prolog.length > 2 * feedBytes)
      throw this.#wrong("there is no root element in the first 65,536 characters");
  }

  #doctype(): Error {
    return this.#wrong("it has a document type declaration (DTD), which could define entities, and is refused");
  }

  #wrong(reason: string): Error {
    return this.#sink.fatal({ entry: this.#sink.count, line: this.#parser.line }, reason);
  }
}

/** The parser's sentences name elements; a name that is none of a list's is not repeated. */
function plain(reason: string): string {
  return reason.replace(/:.*$/s, "");
}
