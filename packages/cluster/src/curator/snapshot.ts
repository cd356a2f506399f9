/**
 * The snapshot that new nodes take: a copy of the store, encrypted with AES-256-GCM, in the object store of NATS. Its
 * key is random, in the curator's memory and in replies to nodes. A withdrawal drops the key and deletes the object:
 * what may stay of it on the disks of NATS cannot be read any more.
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { closeSync, createReadStream, fstatSync, openSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import type { BankStore, StorePosition } from "empreinte/bank";
import { type Link, openSnapshots } from "../net/link.js";
import { snapshotsOf } from "../net/list.js";
import { within } from "../net/pause.js";

/** The encrypted form: 12 bytes of nonce, the copy encrypted, 16 bytes of authentication. */
export const nonceBytes = 12;
export const tagBytes = 16;

const deleteMilliseconds = 5000;
const putMilliseconds = 10_000;

/** What a node needs to read the snapshot. */
export interface SnapshotKey {
  object: string;
  key: string;
  sha256: string;
  position: StorePosition;
}

async function* encrypted(copy: number, key: Buffer): AsyncGenerator<Buffer> {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  yield nonce;
  const chunks = createReadStream("", { fd: copy, autoClose: false, highWaterMark: 256 * 1024 });
  for await (const chunk of chunks) yield cipher.update(chunk as Buffer);
  yield cipher.final();
  yield cipher.getAuthTag();
}

/** Makes snapshots, one at a time, and keeps the key of the newest. */
export class Snapshots {
  readonly #link: Link;
  readonly #store: BankStore;
  readonly #path: string;
  readonly #isNear: (position: StorePosition) => boolean;
  #current: SnapshotKey | undefined;
  #making: Promise<SnapshotKey> | undefined;
  #generation = 0;

  /**
   * @param path where the copy is made before it is encrypted: in the store's own folder.
   * @param isNear whether a node can fetch what it lacks at a position.
   */
  constructor(link: Link, store: BankStore, path: string, isNear: (position: StorePosition) => boolean) {
    this.#link = link;
    this.#store = store;
    this.#path = path;
    this.#isNear = isNear;
  }

  /** Returns the newest snapshot, and makes one where there is none, an old one, or a damaged one of that name. */
  async get(damaged: string): Promise<SnapshotKey> {
    const current = this.#current;
    if (current !== undefined && current.object !== damaged && this.#isNear(current.position)) return current;
    this.#making ??= this.#make().finally(() => (this.#making = undefined));
    return this.#making;
  }

  /** Drops the key and deletes the objects. Returns whether the objects are deleted: without NATS they cannot be. */
  async drop(): Promise<boolean> {
    this.#generation++;
    this.#current = undefined;
    rmSync(this.#path, { force: true });
    return this.#deleteAllBut(undefined);
  }

  async #deleteAllBut(object: string | undefined): Promise<boolean> {
    const deleting = async (): Promise<true> => {
      const objects = await openSnapshots(this.#link);
      for (const { name } of await snapshotsOf(this.#link, objects)) if (name !== object) await objects.delete(name);
      return true;
    };
    return within(deleteMilliseconds, "the object store", deleting()).catch(() => false);
  }

  async #make(): Promise<SnapshotKey> {
    const generation = this.#generation;
    const position = this.#store.history.position();
    rmSync(this.#path, { force: true });
    this.#store.history.copyTo(this.#path);
    // A withdrawal removes the file. What is open can be read to its end, and the object is deleted afterwards.
    const copy = openSync(this.#path, "r");
    try {
      const key = randomBytes(32);
      const hash = createHash("sha256");
      const hashed = async function* (): AsyncGenerator<Buffer> {
        for await (const chunk of encrypted(copy, key)) {
          hash.update(chunk);
          yield chunk;
        }
      };
      const objects = await within(deleteMilliseconds, "the object store", openSnapshots(this.#link));
      const object = `r${position.revision}-${randomBytes(8).toString("hex")}`;
      const stream = Readable.toWeb(Readable.from(hashed())) as ReadableStream<Uint8Array>;
      const putting = objects.put({ name: object, options: { max_chunk_size: 256 * 1024 } }, stream, { timeout: 5000 });
      // A store on its way takes its time, at no less than a megabyte a second.
      const { size } = fstatSync(copy);
      await within(putMilliseconds + size / 1000, "the object store", putting);
      const made = { object, key: key.toString("hex"), sha256: hash.digest("hex"), position };
      // A withdrawal meanwhile: the copy may have what was withdrawn.
      if (generation !== this.#generation) {
        await objects.delete(object);
        throw new Error("a withdrawal came before the snapshot was complete");
      }
      this.#current = made;
      await this.#deleteAllBut(object);
      return made;
    } finally {
      closeSync(copy);
      rmSync(this.#path, { force: true });
    }
  }
}
