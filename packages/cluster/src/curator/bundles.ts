/**
 * Revisions that nodes fetch, in chunks. They have hashes, so they are in memory only, and each withdrawal drops them.
 * Nodes at the same revision share one.
 */
import { randomUUID } from "node:crypto";
import type { BankStore, StorePosition } from "empreinte/bank";

/** Bytes of a chunk: less than the 1 MiB that NATS takes. */
export const chunkBytes: number = 512 * 1024;
/** The most bundles that are kept. */
const most = 8;

interface Bundle {
  id: string;
  from: string;
  revision: number;
  bytes: Uint8Array;
}

/** The revisions that are being fetched. */
export class Bundles {
  readonly #store: BankStore;
  readonly #maxBytes: number;
  #bundles: Bundle[] = [];

  constructor(store: BankStore, maxBytes: number) {
    this.#store = store;
    this.#maxBytes = maxBytes;
  }

  /** Reads what a node at a position lacks. Returns undefined if that is too much. @throws {BankError} */
  open(position: StorePosition): { id: string; chunks: number; revision: number } | undefined {
    const { revision } = this.#store;
    const from = JSON.stringify(position);
    let bundle = this.#bundles.find((other) => other.from === from && other.revision === revision);
    if (bundle === undefined) {
      const bytes = this.#store.history.readRevisions(position, { maxBytes: this.#maxBytes });
      if (bytes === undefined) return undefined;
      bundle = { id: randomUUID(), from, revision, bytes };
      this.#bundles = [...this.#bundles.slice(1 - most), bundle];
    }
    return { id: bundle.id, chunks: Math.ceil(bundle.bytes.length / chunkBytes), revision };
  }

  /** Returns a chunk, or undefined if its bundle is not kept any more. */
  chunk(id: string, chunk: number): Uint8Array | undefined {
    const bundle = this.#bundles.find((other) => other.id === id);
    return bundle?.bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes);
  }

  /** Drops all bundles. */
  clear(): void {
    for (const { bytes } of this.#bundles) bytes.fill(0);
    this.#bundles = [];
  }
}
