/**
 * What a shard has found for hashes that are new in a bank, and up to which revision of the bank it has searched. Both
 * are in the file of the shard, in one transaction, so that they are always as old as its uploads.
 */
import type { HashIndex } from "empreinte";
import type Libsql from "libsql";
import { nearestRows, type NearestRow } from "./orientations.js";

/** Up to where a shard has searched. */
export interface RescanPosition {
  /** The last revision of the bank whose hashes were all searched, and its digest. 0 and "" before the first. */
  revision: number;
  digest: string;
  /** The revision that is being searched, and its digest: the same as `revision` between two steps. */
  target: number;
  targetDigest: string;
  /** The last entry that was searched on the way to it; 0 for none. */
  after: number;
  /** How many hashes of the entry behind it were searched: an entry may have too many for one step. */
  offset: number;
  /** The radius of all searches so far, in bits. */
  radius: number;
}

/** One step: entries that changed after a revision, up to another, in the order of their numbers. */
export interface RescanStep extends RescanPosition {
  /** Where the step ends, or null where that is the target. */
  end: { after: number; offset: number } | null;
  /**
   * Entries that match, with their hashes. `more` says that the step before has had some hashes of the entry.
   * `orientations` has those of uploads that the policy searches, where these are not all.
   */
  entries: { entry: number; hashes: string[]; more: boolean; orientations?: string[] }[];
  /** Entries that match no more. What was found for them is dropped. */
  ended: number[];
  /** Whether the entries are left out because the shard has no uploads. */
  empty: boolean;
}

/** An upload that has a hash which was new in a bank. */
export interface RescanMatch {
  /** The number of the match in its shard. A later one has a higher number. */
  number: number;
  /** The number of the entry in the bank's store. */
  entry: number;
  /** The id and the time of the upload. */
  id: string;
  time: number;
  /** The number of differing bits of the nearest hash of the entry. */
  distance: number;
  /** When it was found, in milliseconds since 1970. */
  found: number;
}

/** What was found of one upload. */
export interface UploadMatch {
  entry: number;
  distance: number;
  found: number;
}

/** How far a shard is. */
export interface RescanProgress {
  position: RescanPosition;
  /** When the hashes of the revision in question were all searched, at the latest; null if they are not. */
  completed: number | null;
  /** How many hashes it has searched for, and how many matches it has. */
  hashes: number;
  matches: number;
  /** How many matches were left out, because one hash had more than 1,000 in this shard. */
  leftOut: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS rescan (
    one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, digest TEXT NOT NULL, target INTEGER NOT NULL,
    targetDigest TEXT NOT NULL, after INTEGER NOT NULL, offset INTEGER NOT NULL, radius INTEGER NOT NULL, hashes INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS rescan_done (revision INTEGER PRIMARY KEY, time INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS rescan_match (
    number INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL, upload INTEGER NOT NULL,
    distance INTEGER NOT NULL, found INTEGER NOT NULL, UNIQUE (entry, upload));
  CREATE INDEX IF NOT EXISTS rescan_match_upload ON rescan_match (upload);
  CREATE TABLE IF NOT EXISTS rescan_left (entry INTEGER PRIMARY KEY, count INTEGER NOT NULL);
`;

/** The most uploads that are kept for one hash of an entry, the nearest ones. */
const mostOfOne = 1000;
/** So many revisions keep the time at which they were complete. Older ones have the time of the oldest of those. */
const mostTimes = 100_000;

/** The rescans of one shard. */
export class ShardRescans {
  readonly #database: Libsql.Database;
  readonly #index: HashIndex;
  readonly #assertOwner: () => void;
  readonly #statements = new Map<string, Libsql.Statement>();

  constructor(database: Libsql.Database, index: HashIndex, assertOwner: () => void) {
    this.#database = database;
    this.#index = index;
    this.#assertOwner = assertOwner;
    database.exec(schema);
  }

  /**
   * Returns a prepared statement. A step runs some of them for each entry, and preparing one takes longer than running
   * it.
   */
  #statement(sql: string): Libsql.Statement {
    let found = this.#statements.get(sql);
    if (found === undefined) this.#statements.set(sql, (found = this.#database.prepare(sql)));
    return found;
  }

  get position(): RescanPosition {
    const { revision, digest, target, targetDigest, after, offset, radius } = this.#row();
    return { revision, digest, target, targetDigest, after, offset, radius };
  }

  /** How far the shard is, and when it was done with a revision. */
  progress(revision: number): RescanProgress {
    const { hashes } = this.#row();
    const one = (sql: string, ...values: number[]): number | null =>
      (this.#statement(sql).get(values) as { value: number | null }).value;
    return {
      position: this.position,
      completed: one("SELECT min(time) AS value FROM rescan_done WHERE revision >= ?", revision),
      hashes,
      matches: one("SELECT count(*) AS value FROM rescan_match") ?? 0,
      leftOut: one("SELECT sum(count) AS value FROM rescan_left") ?? 0,
    };
  }

  /**
   * Searches all uploads for the hashes of a step, and records what it found together with the new position. It returns
   * false, and changes nothing, where the step does not begin at the shard's position. No upload may be kept meanwhile.
   */
  async take(step: RescanStep): Promise<boolean> {
    if (!continues(this.position, step) || (step.empty && this.#index.size > 0)) return false;
    const hashes = step.entries.flatMap((entry) => entry.hashes);
    const found = await this.#index.searchMany(Buffer.from(hashes.join(""), "hex"), { radius: step.radius });
    this.#database.transaction(() => {
      this.#assertOwner();
      const now = Date.now();
      let next = 0;
      for (const { entry, hashes: its, more, orientations } of step.entries) {
        const ours = found.slice(next, (next += its.length)).map((rows) => nearestRows(rows, orientations));
        const nearest = nearestOf(ours);
        if (!more) this.#drop(entry, nearest);
        this.#add(entry, nearest, now, more);
        this.#leave(entry, ours);
      }
      for (const entry of step.ended) this.#drop(entry, new Map());
      this.#advance(step, hashes.length, now);
    })();
    return true;
  }

  /** Returns matches in the order in which they were found. */
  matches(after: number, limit: number): RescanMatch[] {
    const sql = `SELECT m.number, m.entry, u.id, u.time, m.distance, m.found FROM rescan_match m
      JOIN uploads u ON u.number = m.upload WHERE m.number > ? ORDER BY m.number LIMIT ?`;
    return this.#statement(sql).all([after, limit]) as RescanMatch[];
  }

  /** What was found of an upload. */
  ofUpload(upload: number): UploadMatch[] {
    const sql = "SELECT entry, distance, found FROM rescan_match WHERE upload = ? ORDER BY number";
    return this.#statement(sql).all([upload]) as UploadMatch[];
  }

  /** Takes over what another shard has found of an upload. */
  adopt(upload: number, matches: readonly UploadMatch[]): void {
    const write = this.#statement(
      "INSERT OR IGNORE INTO rescan_match (entry, upload, distance, found) VALUES (?, ?, ?, ?)",
    );
    for (const { entry, distance, found } of matches) write.run([entry, upload, distance, found]);
  }

  /**
   * Returns whether a shard at another position has searched everything for its uploads that this one has for its own.
   */
  covers({ revision, radius }: RescanPosition): boolean {
    const own = this.position;
    return own.target <= revision && (own.target === 0 || own.radius === radius);
  }

  /** Begins anew: every hash of the bank is searched again. What was found stays until then. */
  reset(): void {
    this.#database.transaction(() => {
      this.#assertOwner();
      this.#database.exec("DELETE FROM rescan; DELETE FROM rescan_done");
    })();
  }

  /** Drops what was found of an upload. Call it in the transaction that removes the upload. */
  forget(upload: number): void {
    this.#statement("DELETE FROM rescan_match WHERE upload = ?").run([upload]);
  }

  #row(): RescanPosition & { hashes: number; one: number } {
    const row = this.#statement("SELECT * FROM rescan").get() as
      (RescanPosition & { hashes: number; one: number }) | undefined;
    return (
      row ?? { one: 1, revision: 0, digest: "", target: 0, targetDigest: "", after: 0, offset: 0, radius: 0, hashes: 0 }
    );
  }

  /** Drops what was found of an entry before, and is not found now. The rest keeps its numbers. */
  #drop(entry: number, nearest: ReadonlyMap<number, number>): void {
    const drop = this.#statement("DELETE FROM rescan_match WHERE entry = ? AND upload = ?");
    const old = this.#statement("SELECT upload FROM rescan_match WHERE entry = ?").all([entry]);
    for (const { upload } of old as { upload: number }[]) if (!nearest.has(upload)) drop.run([entry, upload]);
    this.#statement("DELETE FROM rescan_left WHERE entry = ?").run([entry]);
  }

  #add(entry: number, nearest: ReadonlyMap<number, number>, now: number, more: boolean): void {
    const distance = more ? "min(distance, excluded.distance)" : "excluded.distance";
    const write = this.#statement(`INSERT INTO rescan_match (entry, upload, distance, found) VALUES (?, ?, ?, ?)
      ON CONFLICT (entry, upload) DO UPDATE SET distance = ${distance}`);
    for (const [upload, distance] of nearest) write.run([entry, upload, distance, now]);
  }

  /** Counts the matches that are left out. */
  #leave(entry: number, found: readonly (readonly NearestRow[])[]): void {
    const count = found.reduce((sum, { length }) => sum + Math.max(0, length - mostOfOne), 0);
    if (count === 0) return;
    const write =
      "INSERT INTO rescan_left VALUES (?, ?) ON CONFLICT (entry) DO UPDATE SET count = count + excluded.count";
    this.#statement(write).run([entry, count]);
  }

  #advance({ end, target, targetDigest, radius, revision, digest }: RescanStep, more: number, now: number): void {
    const hashes = this.#row().hashes + more;
    const write = this.#statement("INSERT OR REPLACE INTO rescan VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (end !== null) {
      write.run([revision, digest, target, targetDigest, end.after, end.offset, radius, hashes]);
      return;
    }
    write.run([target, targetDigest, target, targetDigest, 0, 0, radius, hashes]);
    this.#statement("INSERT OR REPLACE INTO rescan_done VALUES (?, ?)").run([target, now]);
    this.#statement(
      "DELETE FROM rescan_done WHERE revision <= (SELECT revision FROM rescan_done ORDER BY revision DESC LIMIT 1 OFFSET ?)",
    ).run([mostTimes]);
  }
}

/** Returns the uploads that were found for an entry, each by its nearest hash. */
function nearestOf(found: readonly (readonly NearestRow[])[]): Map<number, number> {
  const nearest = new Map<number, number>();
  for (const one of found) {
    for (const { number, distance } of one.slice(0, mostOfOne)) {
      nearest.set(number, Math.min(distance, nearest.get(number) ?? 256));
    }
  }
  return nearest;
}

/** Whether a step begins where the shard is. */
function continues(position: RescanPosition, step: RescanStep): boolean {
  return (
    step.revision === position.revision &&
    step.digest === position.digest &&
    step.after === position.after &&
    step.offset === position.offset &&
    (position.radius === step.radius || position.target === 0) &&
    ((position.after === 0 && position.offset === 0) ||
      (step.target === position.target && step.targetDigest === position.targetDigest))
  );
}
