/** A process that has one shard of the archive, and answers for it. */
import { randomUUID } from "node:crypto";
import type { Msg, Subscription } from "@nats-io/transport-node";
import type { Query } from "empreinte";
import { ClusterError, reasonOf } from "../errors.js";
import { type EventListener, quiet } from "../events.js";
import { shortened } from "../jobs/job.js";
import { checkNumber } from "../jobs/streams.js";
import { type Link, type LinkOptions, openLink } from "../net/link.js";
import { EventCounts } from "../metrics/counters.js";
import { Turns } from "../net/turns.js";
import { askShard, isMissing, type ShardAnswer } from "./ask.js";
import { type ExportOptions, exportShard } from "./export.js";
import type { Layout } from "./layout.js";
import {
  allShardsSubject,
  groupBy,
  mostMatches,
  type MovedUploads,
  readMessage,
  shardOf,
  type ShardReply,
  type ShardRequest,
  shardSubject,
} from "./messages.js";
import { finishLayout } from "./move.js";
import { type ArchivedUpload, ArchiveShard } from "./shard.js";

export interface ShardServerOptions extends Omit<LinkOptions, "replicas"> {
  /** Which shard it is, 0 … `shards` - 1. One process has it. */
  shard: number;
  /** How many shards the archive has, 1 … 4,096. */
  shards: number;
  /** The file of the shard. Its index is beside it. */
  path: string;
  /**
   * For a new shard of an archive that had fewer: how many it had. It gets its uploads from those. A shard that the
   * archive had before needs only the new `shards`.
   */
  formerShards?: number;
  /** Opens a file that was copied to another place, after the copy was lost. */
  reopen?: boolean;
  onEvent?: EventListener;
}

/** Answers for one shard. */
export class ShardServer {
  /** The shard. Only this process changes it. */
  readonly shard: ArchiveShard;
  /** What the server has counted since it started. */
  readonly counters: { searches: number; refused: number; events: EventCounts } = {
    searches: 0,
    refused: 0,
    events: new EventCounts(),
  };
  readonly #options: ShardServerOptions;
  readonly #link: Link;
  readonly #event: EventListener;
  readonly #subscriptions: Subscription[];
  readonly #running = new Set<Promise<void>>();
  readonly #instance: string = randomUUID();
  /** Changes come one after the other. Searches need not wait for them. */
  readonly #changes = new Turns();
  readonly #closing = new AbortController();
  #moving: Promise<void> = Promise.resolve();

  private constructor(options: ShardServerOptions, link: Link, shard: ArchiveShard) {
    this.#options = options;
    this.#link = link;
    this.shard = shard;
    this.#event = this.counters.events.before(quiet(options.onEvent));
    const { store, shard: number } = options;
    this.#subscriptions = [shardSubject(store, number), allShardsSubject(store)].map((subject) =>
      link.nc.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) this.#take(message);
          else this.#event({ type: "refused", reason: reasonOf(error) });
        },
      }),
    );
  }

  /** Opens the shard, connects and answers. @throws {ClusterError} what SQLite reports */
  static async start(options: ShardServerOptions): Promise<ShardServer> {
    const shards = checkNumber("shards", options.shards, 1, 4096, true);
    checkNumber("shard", options.shard, 0, shards - 1, true);
    if (options.formerShards !== undefined) checkNumber("formerShards", options.formerShards, 1, options.shard, true);
    const link = await openLink(options, `shard ${options.shard}`);
    try {
      const shard = await ArchiveShard.open(options.path);
      try {
        shard.setLayout(layoutOf(shard.layout, options));
        const server = new ShardServer(options, link, shard);
        // Nobody finds the shard absent once this has resolved.
        await link.nc.flush();
        server.#finishLayout();
        return server;
      } catch (error) {
        await shard.close();
        throw error;
      }
    } catch (error) {
      await link.nc.close();
      throw error;
    }
  }

  /**
   * Says that the archive has more shards from now on, and moves uploads to the new ones, which must run. It does what
   * a restart with that number does, without a gap. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` while
   * uploads move already.
   */
  async grow(shards: number): Promise<void> {
    checkNumber("shards", shards, this.#shards + 1, 4096, true);
    await this.#change(async () => this.shard.setLayout(layoutOf(this.shard.layout, { ...this.#options, shards })));
    this.#finishLayout();
  }

  /**
   * Writes a copy of the shard to a path where there is none, to start it at another place. From then on this process
   * answers searches, and refuses changes. Close it once the other process has started.
   */
  async copyTo(path: string): Promise<void> {
    await this.#change(async () => this.shard.copyTo(path));
  }

  /**
   * Writes the uploads of the shard into a Parquet file, with whole hashes. The files of all shards are one data set.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` for a path where there is a file, or unknown columns.
   */
  async exportTo(path: string, options?: ExportOptions): Promise<number> {
    return exportShard(this.shard, path, options);
  }

  get #shards(): number {
    return this.shard.layout!.shards;
  }

  #finishLayout(): void {
    const { shard } = this;
    this.#moving = finishLayout({
      archive: { link: this.#link, shards: this.#shards },
      number: this.number,
      shard,
      changes: this.#changes,
      signal: this.#closing.signal,
      event: this.#event,
    });
  }

  /** Which shard it is. */
  get number(): number {
    return this.#options.shard;
  }

  /** Stops answering, and closes the shard. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.#moving;
    await Promise.all(this.#running);
    await this.#link.nc.close();
    await this.shard.close();
  }

  #take(message: Msg): void {
    const one = this.#handle(message).finally(() => this.#running.delete(one));
    this.#running.add(one);
  }

  async #handle(message: Msg): Promise<void> {
    let reply: ShardReply;
    const toAll = message.subject === allShardsSubject(this.#options.store);
    try {
      const request = readMessage<ShardRequest>(message.data);
      if (toAll && !("search" in request)) {
        throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", "All shards at once are only searched");
      }
      reply = await this.#answer(request);
    } catch (error) {
      reply = { refused: shortened(reasonOf(error)), ...(error instanceof OtherLayout && { shards: error.shards }) };
      this.counters.refused++;
      this.#event({ type: "refused", reason: reply.refused });
    }
    try {
      message.respond(JSON.stringify(toAll ? { ...reply, shard: this.number } : reply));
    } catch (error) {
      // The connection is closed: the sender names this shard as silent.
      this.#event({ type: "retry", step: "answer", reason: reasonOf(error) });
    }
  }

  async #answer(request: ShardRequest): Promise<ShardReply> {
    const { shard: number } = this.#options;
    const { shard } = this;
    if (!(request.shards >= this.#shards)) {
      throw new OtherLayout(`The archive has ${this.#shards} shards, and not ${request.shards}`, this.#shards);
    }
    if ("search" in request) {
      const { size } = shard;
      // Before the search: what comes afterwards is not in it.
      const former = this.#formerHomes();
      this.counters.searches++;
      const matches = await shard.search(request.search as Query, request.radius);
      return {
        size,
        matches: matches.slice(0, mostMatches),
        found: matches.length,
        ...(former !== undefined && { former }),
      };
    }
    if ("progress" in request) return this.#progress(request.progress);
    if ("found" in request) {
      const { after, limit } = request.found;
      return { rescanMatches: shard.rescans.matches(after, Math.min(limit, mostMatches)) };
    }
    if ("known" in request) return { which: shard.which(request.known), rescanned: shard.rescans.position.target };
    if ("keep" in request) {
      const misplaced = request.keep.find(({ id }) => shardOf(id, request.shards) !== number);
      if (misplaced !== undefined) {
        throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", `Upload ${misplaced.id} belongs to another shard`);
      }
      return this.#keep(request.keep);
    }
    if ("remove" in request) return this.#remove(request.remove);
    return this.#change(async () => {
      if ("rescan" in request) {
        // No upload is kept during a step: it would be in neither its searches nor those of the caller of `keep`.
        const took = await shard.rescans.take(request.rescan);
        return { took, ...this.#progress(request.rescan.target) };
      }
      if ("move" in request) return this.#adopt(request.move);
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", "A request to a shard is unknown");
    });
  }

  /** Changes the shard, after every change before. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#changes.run(async () => {
      if (this.shard.layout?.moved !== true) return work();
      throw new ClusterError(
        "ERR_EMPREINTE_CLUSTER_CLOSED",
        "The shard was copied to another place, and only searches",
      );
    });
  }

  #progress(revision: number): Extract<ShardReply, { progress: object }> {
    const { size, layout, rescans } = this.shard;
    return { size, layout: layout!, progress: rescans.progress(revision), instance: this.#instance };
  }

  async #keep(uploads: readonly ArchivedUpload[]): Promise<ShardReply> {
    const [known, conflicts]: [Set<string>, string[]] = [new Set(), []];
    let rescanned = 0;
    // An old shard may have some of them still. What it does not have now will not come from there any more.
    for (const [reply, home] of await this.#askFormer(
      uploads,
      ({ id }) => id,
      (its) => ({ known: its }),
    )) {
      if (!("which" in reply)) throw new Error(`shard ${home}: the answer is not one to this request`);
      for (const id of reply.which.known) known.add(id);
      conflicts.push(...reply.which.conflicts);
      rescanned = Math.max(rescanned, reply.rescanned);
    }
    const there = new Set([...known, ...conflicts]);
    return this.#change(async () => {
      const kept = this.shard.keep(uploads.filter(({ id }) => !there.has(id)));
      return {
        kept: kept.kept,
        known: kept.known + known.size,
        conflicts: [...conflicts, ...kept.conflicts],
        size: this.shard.size,
        rescanned: Math.max(rescanned, this.shard.rescans.position.target),
      };
    });
  }

  async #remove(ids: readonly string[]): Promise<ShardReply> {
    let removed = 0;
    // First where they were: what is on its way meanwhile is here before the answer.
    for (const [reply, home] of await this.#askFormer(
      ids,
      (id) => id,
      (remove) => ({ remove }),
    )) {
      if (!("removed" in reply)) throw new Error(`shard ${home}: the answer is not one to this request`);
      removed += reply.removed;
    }
    return this.#change(async () => ({ removed: removed + (await this.shard.remove(ids)), size: this.shard.size }));
  }

  /** Asks the shards that have had these uploads before there were more shards. None where all are in place. */
  async #askFormer<T>(
    items: readonly T[],
    idOf: (item: T) => string,
    request: (items: T[]) => object,
  ): Promise<[reply: ShardAnswer, home: number][]> {
    const former = this.#formerHomes();
    if (former === undefined) return [];
    const byHome = groupBy(items, (item) => shardOf(idOf(item), former));
    return Promise.all(
      [...byHome].map(async ([home, its]): Promise<[ShardAnswer, number]> => {
        const reply = await askShard({ link: this.#link, shards: this.#shards }, home, request(its), 30);
        if (isMissing(reply)) throw new Error(`shard ${home}, which may still have them: ${reply.reason}`);
        return [reply, home];
      }),
    );
  }

  /** Returns how many shards may still have uploads that belong here; undefined where none has. */
  #formerHomes(): number | undefined {
    const former = this.shard.layout?.former;
    return former === undefined || this.number < former ? undefined : former;
  }

  /** Takes uploads that another shard has had, if every rescan here will find what it finds of them. */
  #adopt({ former, position, uploads }: MovedUploads): ShardReply {
    const { shard } = this;
    if (shard.layout?.former !== former) {
      const text = `The shard was not started for an archive that had ${former} shards`;
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", text);
    }
    if (!shard.rescans.covers(position)) {
      throw new ClusterError(
        "ERR_EMPREINTE_CLUSTER_MESSAGE",
        "The shard was searched for later revisions than the sender",
      );
    }
    return { ...shard.keep(uploads), size: shard.size, rescanned: shard.rescans.position.target };
  }
}

/** A refusal of who knows of fewer shards. */
class OtherLayout extends ClusterError {
  readonly shards: number;

  constructor(text: string, shards: number) {
    super("ERR_EMPREINTE_CLUSTER_MESSAGE", text);
    this.shards = shards;
  }
}

/** Returns the layout with which a shard starts. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`, `…_CLOSED` */
function layoutOf(found: Layout | undefined, { shards, formerShards, reopen }: ShardServerOptions): Layout {
  if (found === undefined) return { shards, former: formerShards };
  if (found.moved === true && reopen !== true) {
    const text = "The shard was copied to another place. Start it there, or here with `reopen` if the copy is lost";
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", text);
  }
  if (found.shards === shards) return { shards, former: found.former };
  if (found.shards < shards && found.former === undefined) return { shards, former: found.shards };
  const text = `The file belongs to an archive of ${found.shards} shards, and not ${shards}`;
  throw new ClusterError(
    "ERR_EMPREINTE_CLUSTER_ARGUMENT",
    found.former === undefined ? text : `${text}: uploads still move`,
  );
}
