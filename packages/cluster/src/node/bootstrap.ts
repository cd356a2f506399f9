/** Taking a snapshot: download, decrypt and authenticate, put it in place of the old store, and verify it there. */
import { createDecipheriv, createHash } from "node:crypto";
import { createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import { once } from "node:events";
import { BankStore } from "empreinte/bank";
import { ClusterError, reasonOf } from "../errors.js";
import type { EventListener, StoreRetries } from "../events.js";
import { nonceBytes, tagBytes } from "../curator/snapshot.js";
import { type Link, openSnapshots } from "../net/link.js";
import { within } from "../net/pause.js";
import { read, type SnapshotReply, write } from "../net/messages.js";

const bad = (why: string): ClusterError => new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", `The snapshot ${why}`);

/** Removes a store with all files beside it. */
export function removeStore(path: string): void {
  for (const end of [".index", "-wal", "-shm", ""]) rmSync(`${path}${end}`, { force: true });
}

/** Removes what an interrupted download has left. */
export function removeDownload(path: string): void {
  removeStore(`${path}.download`);
}

/**
 * Downloads the curator's snapshot beside `path`, and returns the path of the copy, of which every byte is
 * authenticated.
 * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` if the snapshot is damaged.
 */
export async function downloadSnapshot(link: Link, node: string, path: string, event: EventListener): Promise<string> {
  const { nc, names } = link;
  const ask = async (damaged: string): Promise<SnapshotReply> => {
    const message = await nc.request(names.snapshot, write({ node, damaged }), { timeout: 10_000 });
    return read<SnapshotReply>("snapshot reply", message.data);
  };
  const first = await ask("");
  try {
    return await take(link, first, path);
  } catch (error) {
    // NATS may have lost a part of the object, so the curator makes another.
    event({ type: "retry", step: "snapshot", reason: reasonOf(error) });
    return take(link, await ask(first.object), path);
  }
}

async function take(link: Link, { object, key, sha256 }: SnapshotReply, path: string): Promise<string> {
  const target = `${path}.download`;
  removeDownload(path);
  try {
    await decrypt(link, object, Buffer.from(key, "hex"), sha256, target);
    return target;
  } catch (error) {
    removeDownload(path);
    throw error;
  }
}

/**
 * Puts a copy in the place of the store at `path`, which must be closed, and opens it as a replica.
 *
 * Nothing opens the copy under its other name. SQLite shares the memory of a log between all connections of a process
 * to one file, and a closed connection stays until its statements are collected. So this process would go on with the
 * memory of the other name, and other processes would use that of `path`: each would miss what the other writes.
 * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` if the copy is damaged. There is no store then.
 */
export async function placeSnapshot(copy: string, path: string, onRetry: StoreRetries): Promise<BankStore> {
  removeStore(path);
  renameSync(copy, path);
  const store = await BankStore.open(path, { onRetry });
  try {
    const [problem] = store.verify();
    if (problem !== undefined) throw bad(`is damaged: ${problem}`);
    store.history.setReplica(true);
    return store;
  } catch (error) {
    await store.close();
    removeStore(path);
    throw error;
  }
}

/** After so many milliseconds without an answer the object is damaged: NATS waits for a missing part for ever. */
const stall = 10_000;

/** Yields the chunks of a stream. @throws {ClusterError} if none comes for too long. */
async function* withoutStalls(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await within(stall, "a part of the snapshot", reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    // The reader's own error is thrown already. One of ending the stream says nothing more.
    void reader.cancel().catch(() => undefined);
  }
}

/** Writes the decrypted object to `target`. Nothing of it is used before the last byte is authenticated. */
async function decrypt(link: Link, object: string, key: Buffer, sha256: string, target: string): Promise<void> {
  const objects = await within(stall, "the object store", openSnapshots(link));
  const found = await within(stall, "the snapshot", objects.get(object));
  if (found === null) throw bad("is gone: a withdrawal has dropped it");
  const hash = createHash("sha256");
  const file = createWriteStream(target, { mode: 0o600, flags: "wx" });
  let decipher: ReturnType<typeof createDecipheriv> | undefined;
  let held = Buffer.alloc(0);
  try {
    for await (const chunk of withoutStalls(found.data)) {
      hash.update(chunk);
      held = Buffer.concat([held, chunk]);
      if (decipher === undefined) {
        if (held.length < nonceBytes) continue;
        decipher = createDecipheriv("aes-256-gcm", key, held.subarray(0, nonceBytes));
        held = held.subarray(nonceBytes);
      }
      // The last bytes are the authentication.
      const ready = held.subarray(0, Math.max(0, held.length - tagBytes));
      held = Buffer.from(held.subarray(ready.length));
      if (ready.length > 0 && !file.write(decipher.update(ready))) await once(file, "drain");
    }
    const error = await found.error;
    if (error instanceof Error) throw error;
    if (decipher === undefined || held.length !== tagBytes || hash.digest("hex") !== sha256) throw bad("is truncated");
    (decipher as ReturnType<typeof createDecipheriv> & { setAuthTag(tag: Buffer): void }).setAuthTag(held);
    file.write(decipher.final());
  } finally {
    file.end();
    await once(file, "close");
  }
  if (!existsSync(target)) throw bad("cannot be written");
}
