/**
 * FILE.entries, version 1: what the lists say of the entries of the index FILE. All numbers are little-endian.
 *
 *   offset  bytes
 *   0       8      magic: EMPREENT
 *   8       4      version: 1. A reader refuses a later one
 *   12      4      byte order mark: 0x01020304
 *   16      8      length of the whole file in bytes
 *   24      8      number of entries
 *   32      8      length of the lists' text, at the end of the file
 *   40      64     the first 64 bytes of the index it belongs to: its header, which has the checksums of the rest
 *   104     32     SHA-256 of everything after this header
 *   136     24     0
 *   160     32     SHA-256 of the first 160 bytes
 *   192            pages, one after the other, of 16,384 entries each; the last page has the rest:
 *                  f64 line of each entry, u32 end of its metadata in the page's text, the text (UTF-8)
 *                  directory: u64 offset of each page, and where the last one ends
 *                  lists: JSON, [{"name","form","entries","problems"}, …] in the order of their entries
 *
 * Entry i is the id i of the index. Opening checks the header and its digest, the index's header, the directory and the
 * lists; the full check is the other digest. A page is checked where it is read.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { endianness } from "node:os";
import { setImmediate } from "node:timers/promises";
import { IndexError } from "../errors.js";
import { openFileSync } from "../files/open-file.js";
import { indexHeaderBytes } from "../search/file.js";
import { type Entries, pageEntries } from "./entries.js";
import type { LoadedList } from "./read-lists.js";

const magic = "EMPREENT";
const version = 1;
const byteOrder = 0x01020304;
const headerBytes = 192;
const entryBytes = 12;

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/** Writes the pieces of the file in their order. It writes the header last. */
export class EntriesWriter {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  readonly #offsets: number[] = [];
  #at = headerBytes;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async page(bytes: Uint8Array): Promise<void> {
    this.#offsets.push(this.#at);
    await this.#append(bytes);
  }

  async finish(entries: number, lists: readonly LoadedList[], indexHeader: Uint8Array): Promise<void> {
    const directory = Buffer.alloc(8 * (this.#offsets.length + 1));
    [...this.#offsets, this.#at].forEach((offset, i) => directory.writeBigUInt64LE(BigInt(offset), 8 * i));
    await this.#append(directory);
    const text = Buffer.from(JSON.stringify(lists));
    await this.#append(text);
    const header = Buffer.alloc(headerBytes);
    header.write(magic, "latin1");
    header.writeUInt32LE(version, 8);
    header.writeUInt32LE(byteOrder, 12);
    [this.#at, entries, text.length].forEach((value, i) => header.writeBigUInt64LE(BigInt(value), 16 + 8 * i));
    header.set(indexHeader, 40);
    header.set(this.#hash.digest(), 104);
    header.set(sha256(header.subarray(0, 160)), 160);
    await this.#write(header, 0);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#write(bytes, this.#at);
    this.#at += bytes.length;
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    }
  }
}

const refusal = (why: string): IndexError => new IndexError("ERR_EMPREINTE_INDEX_FILE", why);
const damage = (what: string): IndexError => refusal(`the file is damaged (${what})`);

/** Reads bytes at an offset. @throws {IndexError} if the file ends before. */
function read(descriptor: number, at: number, bytes: number): Buffer {
  const into = Buffer.allocUnsafe(bytes);
  for (let done = 0; done < bytes;) {
    const some = readSync(descriptor, into, done, bytes - done, at + done);
    if (some === 0) throw damage("it is truncated");
    done += some;
  }
  return into;
}

interface Contents {
  entries: number;
  offsets: Float64Array;
  lists: LoadedList[];
  digest: Buffer;
  size: number;
}

function isList(value: unknown): value is LoadedList {
  if (typeof value !== "object" || value === null) return false;
  const { name, form, entries, problems } = value as Record<string, unknown>;
  return (
    typeof name === "string" && typeof form === "string" && Number.isInteger(entries) && Number.isInteger(problems)
  );
}

function listsIn(text: string, entries: number): LoadedList[] {
  let lists: unknown;
  try {
    lists = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damage("its lists");
  }
  if (!Array.isArray(lists) || !lists.every(isList)) throw damage("its lists");
  if (lists.reduce((sum, list) => sum + list.entries, 0) !== entries) throw damage("its lists");
  return lists;
}

function contents(descriptor: number, size: number, indexHeader: Uint8Array): Contents {
  if (endianness() !== "LE") throw refusal("index files are for little-endian machines");
  if (size < 16) throw refusal("this is not a file of entries");
  const start = read(descriptor, 0, Math.min(size, headerBytes));
  if (start.toString("latin1", 0, 8) !== magic) throw refusal("this is not a file of entries");
  if (start.readUInt32LE(8) > version) throw refusal("the file is of a newer version of empreinte");
  if (size < headerBytes) throw damage("it is truncated");
  if (!sha256(start.subarray(0, 160)).equals(start.subarray(160))) throw damage("its header");
  const [length, entries, text] = [16, 24, 32].map((at) => Number(start.readBigUInt64LE(at))) as [
    number,
    number,
    number,
  ];
  if (length !== size) throw damage("its length");
  const pages = Math.ceil(entries / pageEntries);
  const directory = size - text - 8 * (pages + 1);
  if (start.readUInt32LE(12) !== byteOrder || !(directory >= headerBytes)) throw damage("its header");
  if (!start.subarray(40, 40 + indexHeaderBytes).equals(indexHeader)) {
    throw refusal("it belongs to another index: build the index again");
  }
  const words = read(descriptor, directory, 8 * (pages + 1));
  const offsets = Float64Array.from({ length: pages + 1 }, (_, i) => Number(words.readBigUInt64LE(8 * i)));
  for (let i = 0; i < pages; i++) {
    const least = entryBytes * Math.min(pageEntries, entries - i * pageEntries);
    if (!(offsets[i + 1]! - offsets[i]! >= least)) throw damage("its directory");
  }
  if (offsets[0] !== headerBytes || offsets[pages] !== directory) throw damage("its directory");
  const lists = listsIn(read(descriptor, size - text, text).toString("utf8"), entries);
  return { entries, offsets, lists, digest: start.subarray(104, 136), size };
}

/** Closes the descriptor of entries that were collected without being closed. */
const forgotten = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** Entries in a file. Each one is read when it is needed. */
export class FileEntries implements Entries {
  readonly #descriptor: number;
  readonly #contents: Contents;
  #holders = 1;

  /** Opens the file. @throws {IndexError} if it is damaged or belongs to another index. @throws the system's error. */
  constructor(path: string, size: number, indexHeader: Uint8Array) {
    this.#descriptor = openFileSync(path);
    try {
      this.#contents = contents(this.#descriptor, size, indexHeader);
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
    forgotten.register(this, this.#descriptor, this);
  }

  get size(): number {
    return this.#contents.entries;
  }

  get lists(): LoadedList[] {
    return this.#contents.lists;
  }

  line(id: number): number {
    const { start } = this.#page(id);
    const line = read(this.#descriptor, start + 8 * (id % pageEntries), 8).readDoubleLE();
    if (!Number.isSafeInteger(line)) throw damage("a line number");
    return line;
  }

  metadata(id: number): string {
    const { start, end, count } = this.#page(id);
    const i = id % pageEntries;
    const ends = start + 8 * count;
    const from = i === 0 ? 0 : read(this.#descriptor, ends + 4 * (i - 1), 4).readUInt32LE();
    const to = read(this.#descriptor, ends + 4 * i, 4).readUInt32LE();
    const text = start + entryBytes * count;
    if (from > to || text + to > end) throw damage("metadata");
    return read(this.#descriptor, text + from, to - from).toString("utf8");
  }

  *pages(): Generator<Uint8Array> {
    const { offsets } = this.#contents;
    for (let i = 0; i + 1 < offsets.length; i++) {
      yield read(this.#descriptor, offsets[i]!, offsets[i + 1]! - offsets[i]!);
    }
  }

  /** Checks every byte of the file. @throws {IndexError} if it is damaged. @throws the signal's reason. */
  async verify(signal: AbortSignal | undefined): Promise<void> {
    const { size, digest } = this.#contents;
    const piece = 1 << 22;
    const hash = createHash("sha256");
    this.hold();
    try {
      for (let at = headerBytes; at < size; at += piece) {
        hash.update(read(this.#descriptor, at, Math.min(piece, size - at)));
        await setImmediate();
        signal?.throwIfAborted();
      }
    } finally {
      this.release();
    }
    if (!hash.digest().equals(digest)) throw damage("its checksum is wrong");
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders > 0) return;
    forgotten.unregister(this);
    closeSync(this.#descriptor);
  }

  #page(id: number): { start: number; end: number; count: number } {
    const { entries, offsets } = this.#contents;
    // An index that is searched before it is verified may give any id.
    if (!(id < entries)) throw damage("an id without an entry");
    const page = Math.floor(id / pageEntries);
    return {
      start: offsets[page]!,
      end: offsets[page + 1]!,
      count: Math.min(pageEntries, entries - page * pageEntries),
    };
  }
}
