/** The archive as a platform sees it: uploads to the shard that has them, and each search to all shards at once. */
import type { Query } from "empreinte";
import { ClusterError } from "../errors.js";
import { checkNumber } from "../jobs/streams.js";
import { type Link, type LinkOptions, openLink } from "../net/link.js";
import { askShard, isMissing, type MissingShard, searchAllShards, type ShardAnswer } from "./ask.js";
import { readRescan, type Rescan } from "./rescan-report.js";
import { groupBy, shardOf } from "./messages.js";
import { type ArchivedUpload, type ArchiveMatch, checkUpload, type KeptUploads } from "./shard.js";

export interface ArchiveOptions extends Omit<LinkOptions, "replicas"> {
  /**
   * How many shards the archive has, 1 … 4,096. A process that knows of fewer than there are takes over the number from
   * a shard, except a rescanner, which must be started again.
   */
  shards: number;
}

/** Where the uploads of an archive are. */
export interface ArchiveLayout {
  /** How many shards the archive has. */
  shards: number;
  /** Whether every upload is where it belongs. */
  inPlace: boolean;
  moving: number[];
  missing: MissingShard[];
}

/** What all shards have found. */
export interface ArchiveAnswer {
  /** Whether every shard has answered. Otherwise more uploads may match. */
  complete: boolean;
  /** The shards that have not answered. */
  missing: MissingShard[];
  /** The matches of the other shards, sorted by distance, then id. */
  matches: (ArchiveMatch & { shard: number })[];
  /** How many matches the shards left out, farther than those that they sent: each sends at most 500. */
  matchesLeftOut: number;
  /** How many uploads were searched. */
  searched: number;
}

/** The most uploads in one request. */
const atOnce = 500;
const changeSeconds = 60;

/**
 * The hashes of what a platform stores, in shards on several machines.
 *
 * @example
 * const { complete, missing, matches } = await archive.search(hash, { deadlineSeconds: 2 });
 */
export class Archive {
  readonly #link: Link;
  #shards: number;

  private constructor(link: Link, shards: number) {
    this.#link = link;
    this.#shards = shards;
  }

  /** Connects. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`, `…_NATS` */
  static async open(options: ArchiveOptions): Promise<Archive> {
    const shards = checkNumber("shards", options.shards, 1, 4096, true);
    return new Archive(await openLink(options, "archive"), shards);
  }

  /**
   * Searches all shards for uploads within the radius, 31 by default. At the deadline it answers with what has come,
   * and names the shards that are missing. A hash is 64 hex digits.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`
   */
  async search(
    query: string | (Query & { hash: string }),
    { radius, deadlineSeconds = 2 }: { radius?: number; deadlineSeconds?: number } = {},
  ): Promise<ArchiveAnswer> {
    checkNumber("deadlineSeconds", deadlineSeconds, 0.001, 3600);
    if (radius !== undefined) checkNumber("radius", radius, 0, 256, true);
    const { hash, quality, stable, orientations } = typeof query === "string" ? { hash: query } : query;
    if (typeof hash !== "string" || !/^[0-9a-f]{64}$/i.test(hash)) {
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "Expected 64 hex digits for the hash of the query");
    }
    // What is undefined is not in JSON.
    const request = { search: { hash, quality, stable, orientations }, radius };
    const end = performance.now() + 1000 * deadlineSeconds;
    for (;;) {
      const left = Math.max(0.001, (end - performance.now()) / 1000);
      const answer = await this.#searchOnce(request, left);
      if (!this.#learn(answer.missing)) return answer;
    }
  }

  async #searchOnce(request: object, seconds: number): Promise<ArchiveAnswer> {
    const end = performance.now() + 1000 * seconds;
    const replies = await searchAllShards({ link: this.#link, shards: this.#shards }, request, seconds);
    const ask = async (shard: number): Promise<void> => {
      const left = Math.max(0.001, (end - performance.now()) / 1000);
      replies.set(shard, await this.#ask(shard, request, left));
    };
    // An upload that moved meanwhile was perhaps not there yet when its new shard answered, and gone when its old one
    // did. All old shards have answered now, so that what had gone by then is there.
    const receiving = [...replies].filter(([, reply]) => "former" in reply && reply.former !== undefined);
    await Promise.all(receiving.map(([shard]) => ask(shard)));
    const answer: ArchiveAnswer = { complete: true, missing: [], matches: [], matchesLeftOut: 0, searched: 0 };
    for (const [shard, reply] of replies) {
      if (isMissing(reply)) answer.missing.push(reply);
      else if ("matches" in reply) {
        for (const match of reply.matches) answer.matches.push({ ...match, shard });
        answer.matchesLeftOut += reply.found - reply.matches.length;
        answer.searched += reply.size;
      } else answer.missing.push({ shard, reason: "The answer is not one to a search" });
    }
    answer.missing.sort((a, b) => a.shard - b.shard);
    answer.matches.sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1));
    // While uploads move, one may be in two shards.
    const seen = new Set<string>();
    const matches = answer.matches.filter(({ id }) => seen.size < seen.add(id).size);
    return { ...answer, matches, complete: answer.missing.length === 0 };
  }

  /**
   * Keeps uploads, each in its shard. What is kept is on that shard's disk. `missing` names the shards that have not
   * confirmed: keep their uploads again. Rescans up to the revision `rescanned` have not seen these uploads: check them
   * at that revision or later. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`, and none is kept.
   */
  async keep(
    uploads: readonly ArchivedUpload[],
  ): Promise<KeptUploads & { rescanned: number; missing: MissingShard[] }> {
    const checked = uploads.map(checkUpload);
    const sum: KeptUploads & { rescanned: number; missing: MissingShard[] } = {
      kept: 0,
      known: 0,
      conflicts: [],
      rescanned: 0,
      missing: [],
    };
    await this.#each(
      checked,
      ({ id }) => id,
      sum.missing,
      (keep) => ({ keep }),
      (reply) => {
        if (!("kept" in reply)) return false;
        sum.kept += reply.kept;
        sum.known += reply.known;
        sum.conflicts.push(...reply.conflicts);
        sum.rescanned = Math.max(sum.rescanned, reply.rescanned);
        return true;
      },
    );
    return sum;
  }

  /**
   * Removes uploads from their shards, and from the files of those. `missing` names the shards that have not confirmed.
   */
  async remove(ids: readonly string[]): Promise<{ removed: number; missing: MissingShard[] }> {
    const sum: { removed: number; missing: MissingShard[] } = { removed: 0, missing: [] };
    await this.#each(
      ids,
      (id) => id,
      sum.missing,
      (remove) => ({ remove: [...remove] }),
      (reply) => {
        if (!("removed" in reply)) return false;
        sum.removed += reply.removed;
        return true;
      },
    );
    return sum;
  }

  /**
   * Asks all shards whether the rescan of a bank's revision is complete. A shard that has not done it, or that does not
   * answer, is in `missing`. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`
   */
  async rescan(revision: number, { deadlineSeconds = 2 }: { deadlineSeconds?: number } = {}): Promise<Rescan> {
    return readRescan({ link: this.#link, shards: this.#shards }, revision, deadlineSeconds);
  }

  /**
   * Asks all shards whether every upload is where it belongs, after the archive has got more shards. `moving` has the
   * shards that still send or expect uploads.
   */
  async layout({ deadlineSeconds = 2 }: { deadlineSeconds?: number } = {}): Promise<ArchiveLayout> {
    checkNumber("deadlineSeconds", deadlineSeconds, 0.001, 3600);
    for (;;) {
      const [missing, moving]: [MissingShard[], number[]] = [[], []];
      const ask = async (shard: number): Promise<void> => {
        const reply = await this.#ask(shard, { progress: 0 }, deadlineSeconds);
        if (isMissing(reply)) missing.push(reply);
        else if (!("layout" in reply)) missing.push({ shard, reason: "The answer is not one about progress" });
        else if (reply.layout.former !== undefined || reply.layout.shards < this.#shards) moving.push(shard);
      };
      await Promise.all(Array.from({ length: this.#shards }, (_, shard) => ask(shard)));
      if (this.#learn(missing)) continue;
      const inPlace = missing.length === 0 && moving.length === 0;
      return { shards: this.#shards, inPlace, moving: moving.toSorted((a, b) => a - b), missing };
    }
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.#link.nc.close();
  }

  /** Sends items to their shards, 500 at once, all shards side by side. */
  async #each<T>(
    items: readonly T[],
    idOf: (item: T) => string,
    missing: MissingShard[],
    make: (items: T[]) => { keep: T[] } | { remove: T[] },
    take: (reply: ShardAnswer) => boolean,
  ): Promise<void> {
    const shards = this.#shards;
    const byShard = groupBy(items, (item) => shardOf(idOf(item), shards));
    const refused: T[] = [];
    const one = async (shard: number, its: readonly T[]): Promise<void> => {
      for (let i = 0; i < its.length; i += atOnce) {
        const request = make(its.slice(i, i + atOnce)) as object;
        const reply = await this.#ask(shard, request, changeSeconds, shards);
        const failure = isMissing(reply) ? reply : { shard, reason: "The answer is not one to this request" };
        if (isMissing(reply) || !take(reply)) {
          // What was sent by an old number of shards is sent again by the new one.
          if (this.#learn([failure])) refused.push(...its.slice(i));
          else missing.push(failure);
          return;
        }
      }
    };
    await Promise.all([...byShard].map(([shard, its]) => one(shard, its)));
    if (refused.length > 0) await this.#each(refused, idOf, missing, make, take);
  }

  /** Takes over that the archive has more shards. Returns whether something was refused because of that. */
  #learn(missing: readonly MissingShard[]): boolean {
    const numbers = missing.flatMap(({ shards }) => shards ?? []);
    this.#shards = Math.max(this.#shards, ...numbers);
    return numbers.length > 0;
  }

  async #ask(
    shard: number,
    request: object,
    seconds: number,
    shards: number = this.#shards,
  ): Promise<ShardAnswer | MissingShard> {
    return askShard({ link: this.#link, shards }, shard, request, seconds);
  }
}
