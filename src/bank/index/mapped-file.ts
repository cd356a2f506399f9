/**
 * The index file that an index is mapped from. The file may be replaced or removed while it is mapped, which changes
 * nothing for the index. Only a file with a second name is overwritten where it is (`remove-file.ts`), from its first
 * byte on. So a search was of the whole file if the file still begins as an index file does afterwards.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { indexMagic } from "./remove-file.js";

const there = { bigint: true, throwIfNoEntry: false } as const;

/** One mapped index file. */
export class MappedFile {
  readonly #descriptor: number;
  readonly #inode: bigint;
  readonly #start: Buffer = Buffer.alloc(indexMagic.length);
  #closed = false;

  /** @throws what the system says. */
  constructor(path: string) {
    this.#descriptor = openSync(path, "r");
    this.#inode = fstatSync(this.#descriptor, { bigint: true }).ino;
  }

  /** Returns whether the path leads to this file. */
  isAt(path: string): boolean {
    return statSync(path, there)?.ino === this.#inode;
  }

  /** Whether nobody has overwritten the file. False after `close`. */
  get isIntact(): boolean {
    if (this.#closed) return false;
    const length = readSync(this.#descriptor, this.#start, 0, this.#start.length, 0);
    return length === this.#start.length && this.#start.toString("latin1") === indexMagic;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#descriptor);
  }
}
