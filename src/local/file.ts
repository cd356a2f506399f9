/**
 * The file of a LocalIndex, version 1. It is encrypted, because a rough copy of an image can be made from its record.
 * All numbers are little-endian but the number of a chunk.
 *
 *   offset  bytes
 *   0       8      magic: EMPRELOC
 *   8       4      version: 1. A reader refuses any other
 *   12      32     salt
 *   44             chunks, each a length of 4 bytes, as many bytes, and the 16 bytes of its authentication tag
 *
 * Each chunk is sealed with AES-256-GCM. The key of the file is made from the caller's key and the salt by HKDF with
 * SHA-256. The nonce of a chunk is its number in 11 bytes, most significant first, and a byte that is 1 for the last
 * chunk. The 44 bytes before the chunks are authenticated with each. So chunks cannot be changed, moved, left out or
 * cut off.
 *
 * What is sealed is a sequence of entries, which may begin and end anywhere in a chunk: 8 bytes of id (a double), 1 of
 * tag, 1 of kind (0 an original, 1 a benign image), 4 of length, and the record.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { bytes, invalidArgument } from "../check.js";
import { EmpreinteError, IndexError, printable, systemReason, unwritable } from "../errors.js";
import { replaceFile, writeAll } from "../files/atomic-file.js";
import { openFile } from "../files/open-file.js";
import { pathOf } from "../files/path.js";

const magic = "EMPRELOC";
const version = 1;
const headerBytes = 44;
const saltAt = 12;
const tagBytes = 16;
const keyBytes = 32;
const chunkBytes = 1 << 20;
const entryHeadBytes = 14;
/** The longest record there may be, with room to spare. */
const mostRecordBytes = 1 << 16;
const cipherName = "aes-256-gcm";

/** An entry of a file. */
export interface StoredRecord {
  /** Zero for a benign image. */
  id: number;
  tag: number;
  kind: "original" | "benign";
  record: Uint8Array;
}

const kinds = ["original", "benign"] as const;

/** @throws {InvalidArgumentError} for what is no key of 32 bytes. The message shows nothing of it. */
export function checkKey(key: unknown, name: string = "key"): Uint8Array {
  if (!(key instanceof Uint8Array)) throw invalidArgument(name, "Uint8Array of 32 bytes", typeof key);
  if (bytes(name, key).length !== keyBytes) {
    throw invalidArgument(name, "Uint8Array of 32 bytes", `${key.length} bytes`);
  }
  return Uint8Array.from(key);
}

/** Seals or opens the chunks of one file. */
class Chunks {
  readonly #key: Uint8Array;
  readonly #header: Uint8Array;
  #number = 0;

  constructor(key: Uint8Array, header: Uint8Array) {
    this.#header = header;
    this.#key = new Uint8Array(hkdfSync("sha256", key, header.subarray(saltAt), "empreinte local index", keyBytes));
  }

  #nonce(last: boolean): Uint8Array {
    const nonce = Buffer.alloc(12);
    nonce.writeUIntBE(this.#number++, 5, 6);
    nonce[11] = last ? 1 : 0;
    return nonce;
  }

  seal(plain: Uint8Array, last: boolean): Buffer {
    const cipher = createCipheriv(cipherName, this.#key, this.#nonce(last));
    cipher.setAAD(this.#header);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(sealed.length);
    return Buffer.concat([length, sealed, cipher.getAuthTag()]);
  }

  /** @throws where the chunk is not the one that was sealed. */
  open(sealed: Uint8Array, last: boolean): Buffer {
    const decipher = createDecipheriv(cipherName, this.#key, this.#nonce(last), { authTagLength: tagBytes });
    decipher.setAAD(this.#header);
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final()]);
  }

  wipe(): void {
    this.#key.fill(0);
  }
}

function encode({ id, tag, kind, record }: StoredRecord): Buffer {
  const head = Buffer.alloc(entryHeadBytes);
  head.writeDoubleLE(id, 0);
  head[8] = tag;
  head[9] = kinds.indexOf(kind);
  head.writeUInt32LE(record.length, 10);
  return Buffer.concat([head, record]);
}

/** Writes entries to a temporary file, which then replaces the file at the path. */
export async function writeRecords(
  given: string | URL,
  key: Uint8Array,
  records: Iterable<StoredRecord>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = pathOf(given);
  signal?.throwIfAborted();
  const header = Buffer.alloc(headerBytes);
  header.write(magic, "latin1");
  header.writeUInt32LE(version, 8);
  header.set(randomBytes(headerBytes - saltAt), saltAt);
  const chunks = new Chunks(key, header);
  try {
    await replaceFile(path, async (descriptor) => {
      await writeAll(descriptor, header);
      let waiting: Buffer[] = [];
      let size = 0;
      for (const record of records) {
        const encoded = encode(record);
        waiting.push(encoded);
        size += encoded.length;
        if (size < chunkBytes) continue;
        signal?.throwIfAborted();
        await writeAll(descriptor, chunks.seal(Buffer.concat(waiting), false));
        waiting = [];
        size = 0;
      }
      await writeAll(descriptor, chunks.seal(Buffer.concat(waiting), true));
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unwritable(path, error);
  } finally {
    chunks.wipe();
  }
}

const refused = (path: string, what: string): IndexError =>
  new IndexError("ERR_EMPREINTE_INDEX_FILE", `${printable(path)}: ${what}`);

async function readAt(file: FileHandle, path: string, at: number, size: number): Promise<Buffer> {
  const into = Buffer.alloc(size);
  for (let done = 0; done < size;) {
    const { bytesRead } = await file.read(into, done, size - done, at + done);
    if (bytesRead === 0) throw refused(path, "the file is truncated");
    done += bytesRead;
  }
  return into;
}

async function readHeader(file: FileHandle, path: string, size: number): Promise<Buffer> {
  if (size < headerBytes) throw refused(path, "this is not a file of a local index");
  const header = await readAt(file, path, 0, headerBytes);
  if (header.toString("latin1", 0, magic.length) !== magic) throw refused(path, "this is not a file of a local index");
  const found = header.readUInt32LE(8);
  if (found !== version)
    throw refused(path, `the file has version ${found}, and this package reads version ${version}`);
  return header;
}

/** Yields the bytes of each chunk, opened. */
async function* openChunks(
  file: FileHandle,
  path: string,
  size: number,
  key: Uint8Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const chunks = new Chunks(key, await readHeader(file, path, size));
  try {
    for (let at = headerBytes, last = false; !last;) {
      signal?.throwIfAborted();
      const sealed = (await readAt(file, path, at, 4)).readUInt32LE() + tagBytes;
      at += 4;
      if (sealed > size - at) throw refused(path, "the file is damaged (the length of a chunk)");
      last = at + sealed === size;
      const chunk = await readAt(file, path, at, sealed);
      at += sealed;
      let plain: Buffer;
      try {
        plain = chunks.open(chunk, last);
      } catch (error) {
        const text = `${printable(path)}: the key is another one, or the file is damaged`;
        throw new IndexError("ERR_EMPREINTE_INDEX_FILE", text, { cause: error });
      }
      yield plain;
    }
  } finally {
    chunks.wipe();
  }
}

/** Reads the entries of a file. Each was authenticated before it is handed over; records are not checked otherwise. */
export async function* readRecords(
  given: string | URL,
  key: Uint8Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredRecord> {
  const path = pathOf(given);
  const opened = await openFile(path).catch((error: unknown) => {
    const text = `${printable(path)} cannot be opened: ${systemReason(error)}`;
    throw new EmpreinteError("ERR_EMPREINTE_READ", text, { cause: error });
  });
  const { file, stat } = opened;
  try {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of openChunks(file, path, stat.size, key, signal)) {
      rest = Buffer.concat([rest, chunk]);
      let at = 0;
      for (; rest.length - at >= entryHeadBytes;) {
        const length = rest.readUInt32LE(at + 10);
        if (length > mostRecordBytes) throw refused(path, "the file is damaged (the length of a record)");
        if (rest.length - at < entryHeadBytes + length) break;
        const kind = kinds[rest[at + 9]!];
        if (kind === undefined) throw refused(path, "the file is damaged (the kind of an entry)");
        const record = Uint8Array.from(rest.subarray(at + entryHeadBytes, at + entryHeadBytes + length));
        yield { id: rest.readDoubleLE(at), tag: rest[at + 8]!, kind, record };
        at += entryHeadBytes + length;
      }
      rest = Buffer.from(rest.subarray(at));
    }
    if (rest.length > 0) throw refused(path, "the file is damaged (its last entry is cut)");
  } finally {
    await file.close();
  }
}
