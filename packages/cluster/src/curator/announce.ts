/**
 * The outbox. The store itself is the outbox: what is announced already is the last message of the stream, so that
 * nothing else must be kept. Each message names the stream's last sequence, which refuses a second curator and a
 * repetition.
 */
import type { BankStore } from "empreinte/bank";
import { ClusterError, codeOf } from "../errors.js";
import type { Link } from "../net/link.js";
import { type Announcement, read, write } from "../net/messages.js";
import { Deposed } from "./lease.js";

/** An announcement names at most the entries of so many revisions. */
const mostNamed = 16;
/** The most runs of entries in one announcement. */
const mostRuns = 1000;

/** The last announcement in the stream, and its sequence. */
export interface LastAnnouncement {
  sequence: number;
  announcement: Announcement | undefined;
}

/** Reads the last announcement. Without a stream, or in an empty one, there is none. */
export async function lastAnnouncement({ jsm, names }: Link): Promise<LastAnnouncement> {
  let found;
  try {
    found = await jsm.streams.getMessage(names.changes, { last_by_subj: names.announcement });
  } catch (error) {
    // 10037: there is no such message; 10059: there is no such stream.
    if (![10037, 10059].includes(Number(codeOf(error)))) throw error;
    found = null;
  }
  if (found === null) return { sequence: 0, announcement: undefined };
  return { sequence: found.seq, announcement: read<Announcement>("announcement", found.data) };
}

/** Refuses to be the curator of a cluster that has revisions which the store lacks. @throws {ClusterError} */
export function assertContinues(store: BankStore, what: string, revision: number, digest: string): void {
  if (revision > store.revision) {
    const text = `The store has revision ${store.revision}, and ${what} has ${revision}: it was restored from an older copy`;
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_BEHIND", text);
  }
  if (store.history.digest(revision) !== digest) {
    const text = `The store's revision ${revision} is not the one that ${what} has`;
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_HISTORY", text);
  }
}

function runsOf(numbers: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

function entriesSince(store: BankStore, since: number, revision: number): Announcement["entries"] {
  if (revision - since > mostNamed) return null;
  const numbers = store.changes(since).flatMap(({ entryNumber }) => (entryNumber === undefined ? [] : [entryNumber]));
  const runs = runsOf(numbers);
  return runs.length > mostRuns ? null : runs;
}

/** Announces the revisions of a store. */
export class Announcer {
  readonly #link: Link;
  readonly #store: BankStore;
  readonly #epoch: () => number;
  #last: LastAnnouncement = { sequence: 0, announcement: undefined };

  constructor(link: Link, store: BankStore, epoch: () => number) {
    this.#link = link;
    this.#store = store;
    this.#epoch = epoch;
  }

  /** The last revision that was announced. */
  get announced(): number {
    return this.#last.announcement?.revision ?? 0;
  }

  /** Reads where the stream is. @throws {ClusterError} if the stream has what the store lacks. */
  async synchronize(): Promise<void> {
    const last = await lastAnnouncement(this.#link);
    if (last.announcement !== undefined) {
      const { revision, digest, epoch } = last.announcement;
      if (epoch > this.#epoch()) throw new Deposed(`a curator of epoch ${epoch} has announced`);
      assertContinues(this.#store, "the stream", revision, digest);
    }
    this.#last = last;
  }

  /** Announces the store's revision, unless it is announced. Returns that revision, or undefined. */
  async announce(): Promise<number | undefined> {
    const { revision, digest } = this.#store.history.position();
    const previous = this.announced;
    const before = this.#last.announcement;
    if (before !== undefined && revision === previous) return undefined;
    const { js, names } = this.#link;
    const announcement: Announcement = {
      store: names.store,
      revision,
      digest,
      previous,
      previousDigest: this.#store.history.digest(previous),
      epoch: this.#epoch(),
      entries: entriesSince(this.#store, previous, revision),
    };
    try {
      const { seq } = await js.publish(names.announcement, write(announcement), {
        msgID: `${names.store}:${revision}:${digest.slice(0, 16)}:${this.#last.sequence}`,
        expect: { lastSubjectSequence: this.#last.sequence },
        timeout: 2000,
      });
      this.#last = { sequence: seq, announcement };
      return revision;
    } catch (error) {
      // Perhaps it was written and the answer was lost, or another curator writes, or the stream was lost.
      await this.#afterFailure();
      if (this.announced === revision) return revision;
      throw error;
    }
  }

  async #afterFailure(): Promise<void> {
    try {
      await this.synchronize();
    } catch (error) {
      if (error instanceof Deposed || error instanceof ClusterError) throw error;
    }
  }
}
