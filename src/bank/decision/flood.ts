/** Floods: entries that hit too many different uploads, as a logo or a blank page would. */
import type { Audit } from "../inspect/audit.js";
import { logChange } from "../storage/change-log.js";
import type { Database } from "../storage/database.js";
import { keepEntryVersion } from "../storage/entry-history.js";
import { activeStatus } from "../storage/names.js";
import { nextRevision } from "../storage/schema.js";
import type { FloodLimit } from "./policy.js";

interface Recent {
  /** When each upload was last hit, by its key; oldest first. */
  uploads: Map<string, number>;
  /** The window of the limit, in milliseconds. */
  window: number;
}

/** From this number of entries on, those without a hit for a whole window are dropped. */
const sweepFrom = 16_384;

/** Counts which uploads each entry has hit recently, in this process. It writes nothing. */
export class FloodCounts {
  readonly #entries: Map<number, Recent> = new Map();
  #sweepAt = sweepFrom;

  /** Counts a hit, and returns whether the entry has now hit more uploads than the limit allows. */
  add(entry: number, upload: string, { uploads, seconds }: FloodLimit, time: number): boolean {
    const window = 1000 * seconds;
    if (this.#entries.size >= this.#sweepAt) this.#sweep(time);
    const recent: Recent = this.#entries.get(entry) ?? { uploads: new Map(), window };
    this.#entries.set(entry, recent);
    recent.window = window;
    recent.uploads.delete(upload);
    recent.uploads.set(upload, time);
    for (const [one, at] of recent.uploads) {
      if (time - at < window) break;
      recent.uploads.delete(one);
    }
    return recent.uploads.size > uploads;
  }

  /** Forgets an entry, so that it is counted anew. */
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

const floodReason = ({ uploads, seconds }: FloodLimit): string =>
  `hit more than ${uploads} different uploads within ${seconds} s`;

/** An entry that was hit, and the limit of its bank. */
export interface FloodHit {
  entryNumber: number;
  limit: FloodLimit;
}

/** Marks active entries as flooded: from now on they ask for a review at most. Call it inside a transaction. */
export function markFlooded(database: Database, hits: readonly FloodHit[], audit: Audit): void {
  const sql = `SELECT 1 FROM entry WHERE id = ? AND flooded = 0 AND status = ${activeStatus}`;
  const fresh = hits.filter(({ entryNumber }) => database.get(sql, entryNumber) !== undefined);
  if (fresh.length === 0) return;
  const revision = nextRevision(database);
  for (const { entryNumber, limit } of fresh) {
    keepEntryVersion(database, entryNumber, revision);
    database.run(
      "UPDATE entry SET flooded = 1, reason = ?, since = ? WHERE id = ?",
      floodReason(limit),
      revision,
      entryNumber,
    );
    audit("flooded", { entryNumber, uploads: limit.uploads, seconds: limit.seconds });
  }
  const numbers = fresh.map(({ entryNumber }) => entryNumber).sort((a, b) => a - b);
  logChange(database, revision, "flooded", numbers);
}
