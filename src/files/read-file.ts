import { closeSync, fstatSync, readSync } from "node:fs";
import { invalidArgument } from "../check.js";
import { EmpreinteError, LimitError, printable, systemReason } from "../errors.js";
import { openFile, openFileSync } from "./open-file.js";
import { pathOf } from "./path.js";

const defaultMaxBytes = 1 << 20;
const chunkBytes = 1 << 16;

function tooLong(name: string, maxBytes: number): LimitError {
  return new LimitError("maxBytes", `${name} has more than ${maxBytes} bytes`);
}

function unreadable(name: string, cause: unknown): Error {
  if (cause instanceof LimitError) return cause;
  return new EmpreinteError("ERR_EMPREINTE_READ", `${name} cannot be read: ${systemReason(cause)}`, { cause });
}

/**
 * Reads a whole file. Whatever is not a regular file is refused as by `openFile`. A file that grows meanwhile is read
 * up to the limit.
 *
 * @param path the path, in bytes where the name may not be text.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, naming the file.
 * @throws {LimitError} if it has more than `maxBytes` bytes.
 */
export async function readWholeFile(path: string | Buffer, maxBytes: number): Promise<Buffer> {
  const name = printable(path.toString());
  try {
    const { file, stat } = await openFile(path);
    try {
      if (stat.size > maxBytes) throw tooLong(name, maxBytes);
      const bytes = await file.readFile();
      if (bytes.length > maxBytes) throw tooLong(name, maxBytes);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}

function readDescriptor(descriptor: number, name: string, maxBytes: number): Buffer {
  if (fstatSync(descriptor).size > maxBytes) throw tooLong(name, maxBytes);
  const chunks: Buffer[] = [];
  for (let total = 0; ;) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const length = readSync(descriptor, chunk);
    if (length === 0) return Buffer.concat(chunks);
    total += length;
    if (total > maxBytes) throw tooLong(name, maxBytes);
    chunks.push(chunk.subarray(0, length));
  }
}

/**
 * Reads a small file that an operator names, such as a configuration or a secret. A folder, named pipe, socket, device
 * or file of the kernel (`/proc`) is refused at once: nothing waits for its bytes.
 *
 * @param path a path or a `file:` URL.
 * @param options `maxBytes`: the most bytes that the file may have, 1,048,576 by default.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the path or the limit is invalid.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, naming the file and saying why.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT`: the file has more bytes.
 *
 * @example
 * const settings = JSON.parse(readSmallFileSync("settings.json").toString("utf8"));
 */
export function readSmallFileSync(path: string | URL, options: { maxBytes?: number } = {}): Buffer {
  const file = pathOf(path);
  const { maxBytes = defaultMaxBytes } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0) throw invalidArgument("maxBytes", "whole number", maxBytes);
  const name = printable(file);
  try {
    const descriptor = openFileSync(file);
    try {
      return readDescriptor(descriptor, name, maxBytes);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}
