/** A consistent copy of the store and the state, made on another thread, as a tar file. */
import { once } from "node:events";
import { createReadStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import { statePath, storePath } from "../core/paths.js";
import type { Service } from "../core/service.js";

const block = 512;

/** Returns the header of a file in a tar file (ustar), readable by its owner only. */
function tarHeader(name: string, bytes: number, seconds: number): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, length: number, at: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  header.write(name, 0, "utf8");
  octal(0o600, 8, 100);
  octal(0, 8, 108);
  octal(0, 8, 116);
  // 11 octal digits are 8 GiB. A larger file has its size as a binary number.
  if (bytes < 2 ** 33) octal(bytes, 12, 124);
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
  octal(seconds, 12, 136);
  header.write("        0", 148, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

const padding = (bytes: number): number => (block - (bytes % block)) % block;

/** Copies a SQLite file while others write it. */
async function copy(from: string, to: string): Promise<void> {
  const worker = new Worker(new URL("./copy-worker.js", import.meta.url), { workerData: { from, to } });
  const [code] = (await Promise.race([
    once(worker, "exit"),
    once(worker, "error").then(([error]) => Promise.reject(error)),
  ])) as [number];
  if (code !== 0) throw new Error(`The copy of a store ended with status ${code}`);
}

/** Makes the copies, and returns them as a tar file. They are removed when the stream ends, also early. */
export async function backupStream({ config, now }: Service): Promise<{ stream: Readable; bytes: number }> {
  const folder = mkdtempSync(join(config.data, "backup-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const files = [
      { name: "store.bank", from: storePath(config.data) },
      { name: "server.db", from: statePath(config.data) },
    ].map((file) => ({ ...file, path: join(folder, file.name) }));
    for (const { from, path } of files) await copy(from, path);
    const sized = files.map((file) => ({ ...file, bytes: statSync(file.path).size }));
    const seconds = Math.floor(now() / 1000);
    async function* chunks(): AsyncGenerator<Buffer> {
      try {
        for (const { name, path, bytes } of sized) {
          yield tarHeader(name, bytes, seconds);
          yield* createReadStream(path) as AsyncIterable<Buffer>;
          yield Buffer.alloc(padding(bytes));
        }
        yield Buffer.alloc(2 * block);
      } finally {
        remove();
      }
    }
    const stream = Readable.from(chunks(), { objectMode: false });
    stream.on("close", remove);
    const bytes = sized.reduce((sum, file) => sum + block + file.bytes + padding(file.bytes), 2 * block);
    return { stream, bytes };
  } catch (error) {
    remove();
    throw error;
  }
}
