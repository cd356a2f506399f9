/**
 * Rows of tables as bytes. A value is one byte of type and its content, little-endian: null; a number (8 bytes); a text
 * or bytes (4 bytes of length, then the content). A row is its number of values (2 bytes) and the values.
 */
import { InvalidArgumentError } from "../../errors.js";
import type { Value } from "../storage/database.js";

const [nullType, numberType, textType, bytesType] = [0, 1, 2, 3];

/** There is more to write than the limit allows. */
export class TooLarge extends Error {}

/** Collects rows as bytes, up to a limit. */
export class RowWriter {
  readonly #chunks: Buffer[] = [];
  readonly #limit: number;
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Writes how many rows follow, and the rows. */
  rows(rows: readonly (readonly Value[])[]): void {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(rows.length);
    this.#add(count);
    for (const row of rows) this.row(row);
  }

  /** Writes one row. @throws {TooLarge} */
  row(row: readonly Value[]): void {
    const head = Buffer.alloc(2);
    head.writeUInt16LE(row.length);
    this.#add(head);
    for (const value of row) this.#value(value);
  }

  /** Returns all bytes. */
  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #value(value: Value): void {
    if (value === null) this.#add(Buffer.of(nullType));
    else if (typeof value === "number") {
      const bytes = Buffer.alloc(9, numberType);
      bytes.writeDoubleLE(value, 1);
      this.#add(bytes);
    } else {
      const isText = typeof value === "string";
      const content = isText ? Buffer.from(value) : value;
      const head = Buffer.alloc(5, isText ? textType : bytesType);
      head.writeUInt32LE(content.length, 1);
      this.#add(head);
      this.#add(content);
    }
  }

  #add(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#length > this.#limit) throw new TooLarge();
    this.#chunks.push(bytes);
  }
}

const damaged = (): InvalidArgumentError => new InvalidArgumentError("The revisions are truncated or damaged");

/** Reads rows that `RowWriter` wrote. @throws {InvalidArgumentError} if the bytes end early or are anything else. */
export class RowReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads a number of rows, and the rows, each of `width` values. */
  rows(width: number): Value[][] {
    const count = this.#take(4).readUInt32LE();
    const rows: Value[][] = [];
    for (let i = 0; i < count; i++) rows.push(this.row(width));
    return rows;
  }

  /** Reads one row of `width` values. */
  row(width: number): Value[] {
    if (this.#take(2).readUInt16LE() !== width) throw damaged();
    const row: Value[] = [];
    for (let i = 0; i < width; i++) row.push(this.#value());
    return row;
  }

  /** Checks that nothing is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw damaged();
  }

  #value(): Value {
    const [type] = this.#take(1);
    if (type === nullType) return null;
    if (type === numberType) return this.#take(8).readDoubleLE();
    if (type !== textType && type !== bytesType) throw damaged();
    const content = this.#take(this.#take(4).readUInt32LE());
    return type === textType ? content.toString() : content;
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw damaged();
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}
