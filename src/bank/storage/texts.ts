/**
 * The texts of entries: ids, cases, labels and notes, and the times of frames. They are in pages that SQLite never
 * moves (`blob-pages.ts`), one after the other. A row refers to a text by its address, and finds it by a keyed digest.
 * So zeroing the text is all that an erasure needs: no copy of it is elsewhere in the file.
 *
 * A text is 4 bytes of length, little-endian, and UTF-8. It is on one page where it fits. Zeroed bytes are not used
 * again.
 */
import { BankError, printable } from "../../errors.js";
import { blobBytes, BlobPages, movedBytes } from "./blob-pages.js";
import type { Database } from "./database.js";
import { counter, setCounter } from "./schema.js";

/** Bytes of texts in a page. */
export const textBytes: number = 4080;
const padBytes = blobBytes - textBytes;
if (padBytes < movedBytes) throw new Error("texts are in bytes that SQLite moves");

const lengthBytes = 4;

/** The texts of one transaction or one reading. `flush` writes the changes. */
export class Texts {
  readonly #database: Database;
  readonly #pages: BlobPages;
  #end: number;

  constructor(database: Database) {
    this.#database = database;
    this.#end = counter(database, "texts");
    this.#pages = new BlobPages(database, "text_page", Math.ceil(this.#end / textBytes));
  }

  /** Adds a text and returns its address. */
  add(text: string): number {
    const length = Buffer.byteLength(text);
    const needed = lengthBytes + length;
    if (needed > textBytes) return this.addBytes(Buffer.from(text));
    const address = this.#reserve(needed);
    const page = this.#pages.edit(Math.floor(address / textBytes));
    const start = padBytes + (address % textBytes);
    page.writeUInt32LE(length, start);
    page.write(text, start + lengthBytes);
    return address;
  }

  /** Adds bytes, which are kept as a text is, and returns their address. */
  addBytes(bytes: Buffer): number {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32LE(bytes.length);
    const address = this.#reserve(lengthBytes + bytes.length);
    this.#write(address, length);
    this.#write(address + lengthBytes, bytes);
    return address;
  }

  /** Returns the text at an address. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` if there is none. */
  read(address: number): string {
    return this.readBytes(address).toString();
  }

  /** Returns the bytes at an address. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` if there are none. */
  readBytes(address: number): Buffer {
    return this.#read(address + lengthBytes, this.#lengthAt(address));
  }

  /** Zeroes the text at an address, but not its length. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` */
  wipe(address: number): void {
    this.#write(address + lengthBytes, Buffer.alloc(this.#lengthAt(address)));
  }

  /** Writes the changes. Call it inside the transaction. */
  flush(): void {
    this.#pages.flush();
    setCounter(this.#database, "texts", this.#end);
  }

  /** Returns the address of so many new bytes, which are on one page where they fit. */
  #reserve(bytes: number): number {
    const left = textBytes - (this.#end % textBytes);
    const address = this.#end + (bytes > left && bytes <= textBytes ? left : 0);
    this.#end = address + bytes;
    return address;
  }

  #lengthAt(address: number): number {
    if (Number.isSafeInteger(address) && address >= 0 && address + lengthBytes <= this.#end) {
      const length = this.#read(address, lengthBytes).readUInt32LE();
      if (address + lengthBytes + length <= this.#end) return length;
    }
    throw new BankError("ERR_EMPREINTE_BANK_FILE", `${printable(this.#database.path)} is damaged (a text)`);
  }

  #read(from: number, length: number): Buffer {
    const parts: Buffer[] = [];
    this.#eachPart(from, length, (page, start, end) => parts.push(this.#pages.at(page).subarray(start, end)));
    return Buffer.concat(parts, length);
  }

  #write(from: number, bytes: Buffer): void {
    let done = 0;
    this.#eachPart(from, bytes.length, (page, start, end) => {
      bytes.copy(this.#pages.edit(page), start, done, done + end - start);
      done += end - start;
    });
  }

  /** Calls `visit` for each page that the bytes are on, with where in the page they are. */
  #eachPart(from: number, length: number, visit: (page: number, start: number, end: number) => void): void {
    for (let at = from; at < from + length;) {
      const page = Math.floor(at / textBytes);
      const next = Math.min(from + length, (page + 1) * textBytes);
      const start = padBytes + (at % textBytes);
      visit(page, start, start + next - at);
      at = next;
    }
  }
}
