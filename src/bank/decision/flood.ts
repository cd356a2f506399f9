/** Entries that hit too many different uploads, as a logo or a blank page would. */
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";
import { keepVersion } from "../import/apply.js";
import type { FloodLimit } from "./policy.js";
import { nextRevision } from "../storage/schema.js";
import { activeStatus, logChange } from "../storage/names.js";

interface Seen {
  /** When each upload was last seen, by its hash; oldest first. */
  uploads: Map<string, number>;
  /** Milliseconds */
  window: number;
}

/** So many entries are remembered before the ones that have had no hit for a window are dropped. */
const sweepFrom = 16_384;

/** Which uploads each entry has hit of late, in this process: nothing is written until an entry has hit too many. */
export class FloodCounts {
  readonly #entries: Map<number, Seen> = new Map();
  #sweepAt = sweepFrom;

  /** Whether the entry has hit more than the limit allows, with this one. */
  add(entry: number, upload: string, { uploads, seconds }: FloodLimit, time: number): boolean {
    const window = 1000 * seconds;
    if (this.#entries.size >= this.#sweepAt) this.#sweep(time);
    const seen: Seen = this.#entries.get(entry) ?? { uploads: new Map(), window };
    this.#entries.set(entry, seen);
    seen.window = window;
    seen.uploads.delete(upload);
    seen.uploads.set(upload, time);
    for (const [one, at] of seen.uploads) {
      if (time - at < window) break;
      seen.uploads.delete(one);
    }
    return seen.uploads.size > uploads;
  }

  /** From nothing again. */
  forget(entry: number): void {
    this.#entries.delete(entry);
  }

  #sweep(time: number): void {
    for (const [entry, { uploads, window }] of this.#entries) {
      const last = [...uploads.values()].at(-1) ?? 0;
      if (time - last >= window) this.#entries.delete(entry);
    }
    this.#sweepAt = Math.max(sweepFrom, 2 * this.#entries.size);
  }
}

export const floodReason = ({ uploads, seconds }: FloodLimit): string =>
  `hit more than ${uploads} different uploads within ${seconds} s`;

export interface Flooding {
  /** The entry's number. */
  entry: number;
  limit: FloodLimit;
}

/** Those that are active ask for review at most from here on. In a transaction. */
export function markFlooded(database: Database, flooding: readonly Flooding[], audit: Audit): void {
  const sql = `SELECT 1 FROM entry WHERE id = ? AND flooded = 0 AND status = ${activeStatus}`;
  const fresh = flooding.filter(({ entry }) => database.get(sql, entry) !== undefined);
  if (fresh.length === 0) return;
  const revision = nextRevision(database);
  for (const { entry, limit } of fresh) {
    keepVersion(database, entry, revision);
    database.run(
      "UPDATE entry SET flooded = 1, reason = ?, since = ? WHERE id = ?",
      floodReason(limit),
      revision,
      entry,
    );
    audit("flooded", { entry, uploads: limit.uploads, seconds: limit.seconds });
  }
  logChange(
    database,
    revision,
    "flooded",
    fresh.map(({ entry }) => entry).sort((a, b) => a - b),
  );
}
