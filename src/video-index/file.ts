/**
 * The file of a VideoIndex, version 2. All numbers are little-endian.
 *
 *   offset  bytes
 *   0       8      magic: EMPREVID
 *   8       4      version: 2. A reader refuses any other (version 1 had another word for images)
 *   12      4      length of the text that follows
 *   16             JSON: [{"id","kind","count","duration","spacing"}, …], with "video" or "image" as the kind
 *                  for each entry in that order: its hashes, 32 bytes each, then f64 from and f64 to of each
 *   end−32  32     SHA-256 of everything before it
 *
 * The file is read twice, so that nothing of it is used before its checksum is verified. A checksum detects accidents,
 * not malice, so times that no video can have are refused as well.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { endianness } from "node:os";
import { EmpreinteError, IndexError, printable, systemReason, unwritable } from "../errors.js";
import { replaceFile, writeAll } from "../files/atomic-file.js";
import { type OpenedFile, openFile } from "../files/open-file.js";
import { pathOf } from "../files/path.js";
import type { VideoId } from "./search-options.js";
import type { Entry } from "./entries.js";
import { isTimeline } from "./timeline.js";

const magic = "EMPREVID";
const version = 2;
const headerBytes = 16;
const digestBytes = 32;
const pieceBytes = 1 << 22;

interface Described {
  id: VideoId;
  kind: Entry["kind"];
  count: number;
  duration: number;
  spacing: number;
}

const bytesOf = (array: Float64Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Writes entries to a temporary file, which then replaces the file at the path. */
export async function writeEntries(
  given: string | URL,
  entries: readonly Entry[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = pathOf(given);
  signal?.throwIfAborted();
  try {
    await replaceFile(path, async (descriptor) => {
      const hash = createHash("sha256");
      const write = async (bytes: Uint8Array): Promise<void> => {
        signal?.throwIfAborted();
        hash.update(bytes);
        await writeAll(descriptor, bytes);
      };
      const described = entries.map(({ id, kind, timeline: { from, duration, spacing } }): Described => {
        return { id, kind, count: from.length, duration, spacing };
      });
      const text = Buffer.from(JSON.stringify(described));
      const header = Buffer.alloc(headerBytes);
      header.write(magic, "latin1");
      header.writeUInt32LE(version, 8);
      header.writeUInt32LE(text.length, 12);
      await write(Buffer.concat([header, text]));
      for (const { timeline } of entries) {
        await write(Buffer.concat([timeline.hashes, bytesOf(timeline.from), bytesOf(timeline.to)]));
      }
      await writeAll(descriptor, hash.digest());
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unwritable(path, error);
  }
}

const damage = (path: string, what: string): IndexError =>
  new IndexError("ERR_EMPREINTE_INDEX_FILE", `${printable(path)}: the file is damaged (${what})`);

async function readAt(file: FileHandle, path: string, at: number, bytes: number): Promise<Buffer> {
  const into = Buffer.alloc(bytes);
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await file.read(into, done, bytes - done, at + done);
    if (bytesRead === 0) throw damage(path, "it is truncated");
    done += bytesRead;
  }
  return into;
}

function isDescribed(value: unknown): value is Described {
  if (typeof value !== "object" || value === null) return false;
  const { id, kind, count, duration, spacing } = value as Record<string, unknown>;
  return (
    (typeof id === "string" || typeof id === "number") &&
    (kind === "video" || kind === "image") &&
    Number.isInteger(count) &&
    (count as number) >= 0 &&
    typeof duration === "number" &&
    typeof spacing === "number"
  );
}

async function verified(file: FileHandle, path: string, size: number, signal: AbortSignal | undefined): Promise<void> {
  const hash = createHash("sha256");
  for (let at = 0; at < size - digestBytes; at += pieceBytes) {
    hash.update(await readAt(file, path, at, Math.min(pieceBytes, size - digestBytes - at)));
    signal?.throwIfAborted();
  }
  const digest = await readAt(file, path, size - digestBytes, digestBytes);
  if (!hash.digest().equals(digest)) throw damage(path, "its checksum is wrong");
}

async function described(file: FileHandle, path: string, size: number): Promise<{ list: Described[]; at: number }> {
  const header = await readAt(file, path, 0, headerBytes);
  const length = header.readUInt32LE(12);
  if (headerBytes + length + digestBytes > size) throw damage(path, "its length");
  const text = (await readAt(file, path, headerBytes, length)).toString("utf8");
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw damage(path, "its entries");
  }
  if (!Array.isArray(list) || !list.every(isDescribed)) throw damage(path, "its entries");
  const frames = list.reduce((sum, { count }) => sum + count, 0);
  if (headerBytes + length + 48 * frames + digestBytes !== size) throw damage(path, "its length");
  if (new Set(list.map(({ id }) => id)).size !== list.length) throw damage(path, "its ids");
  return { list, at: headerBytes + length };
}

/** Verifies a file and yields its entries. */
export async function* readEntries(given: string | URL, signal: AbortSignal | undefined): AsyncGenerator<Entry> {
  const path = pathOf(given);
  signal?.throwIfAborted();
  let opened: OpenedFile;
  try {
    opened = await openFile(path);
  } catch (error) {
    throw new EmpreinteError("ERR_EMPREINTE_READ", `${printable(path)} cannot be opened: ${systemReason(error)}`, {
      cause: error,
    });
  }
  const { file, stat: about } = opened;
  try {
    const refusal = (why: string): IndexError =>
      new IndexError("ERR_EMPREINTE_INDEX_FILE", `${printable(path)}: ${why}`);
    if (endianness() !== "LE") throw refusal("index files need a little-endian machine");
    if (about.size < headerBytes) throw refusal("this is not a file of a video index");
    const header = await readAt(file, path, 0, headerBytes);
    if (header.toString("latin1", 0, 8) !== magic) throw refusal("this is not a file of a video index");
    const found = header.readUInt32LE(8);
    if (found > version) throw refusal("the file is from a newer version of empreinte");
    if (found < version) throw refusal("the file is from an older version of empreinte: build the index again");
    if (about.size < headerBytes + digestBytes) throw damage(path, "it is truncated");
    await verified(file, path, about.size, signal);
    const { list, at: first } = await described(file, path, about.size);
    let at = first;
    for (const { id, kind, count, duration, spacing } of list) {
      signal?.throwIfAborted();
      const bytes = await readAt(file, path, at, 48 * count);
      at += bytes.length;
      const times = (start: number): Float64Array =>
        Float64Array.from({ length: count }, (_, i) => bytes.readDoubleLE(start + 8 * i));
      const hashes = new Uint8Array(bytes.subarray(0, 32 * count));
      const timeline = { hashes, from: times(32 * count), to: times(40 * count), duration, spacing };
      if (!isTimeline(timeline)) throw damage(path, "its times");
      yield { id, kind, timeline };
    }
  } finally {
    await file.close();
  }
}
