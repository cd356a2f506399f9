/** What an operator should know of a page, while it is read. */
import type { PageNote } from "../clients/client.js";

/** The notes of a page by their kinds: a page may have a million. */
export class Notes {
  readonly all: Map<string, { count: number; reason: string }> = new Map();

  add({ kind, reason }: PageNote): void {
    this.all.set(kind, { count: (this.all.get(kind)?.count ?? 0) + 1, reason });
  }
}
