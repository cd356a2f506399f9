/** A process that has one shard of the archive, and answers for it. */
import type { Msg, Subscription } from "@nats-io/transport-node";
import type { Query } from "empreinte";
import { ClusterError, reasonOf } from "../errors.js";
import { type EventListener, quiet } from "../events.js";
import { shortened } from "../jobs/job.js";
import { checkNumber } from "../jobs/streams.js";
import { type Link, type LinkOptions, openLink } from "../net/link.js";
import { EventCounts } from "../metrics/counters.js";
import { Turns } from "../net/turns.js";
import { mostMatches, readMessage, type ShardReply, type ShardRequest, shardOf, shardSubject } from "./messages.js";
import { ArchiveShard } from "./shard.js";

export interface ShardServerOptions extends Omit<LinkOptions, "replicas"> {
  /** Which shard it is, 0 … `shards` - 1. One process has it. */
  shard: number;
  /** How many shards the archive has, 1 … 4,096. */
  shards: number;
  /** The file of the shard. Its index is beside it. */
  path: string;
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
  readonly #subscription: Subscription;
  readonly #running = new Set<Promise<void>>();
  /** Changes come one after the other. Searches need not wait for them. */
  readonly #changes = new Turns();

  private constructor(options: ShardServerOptions, link: Link, shard: ArchiveShard) {
    this.#options = options;
    this.#link = link;
    this.shard = shard;
    this.#event = this.counters.events.before(quiet(options.onEvent));
    this.#subscription = link.nc.subscribe(shardSubject(options.store, options.shard), {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.#event({ type: "refused", reason: reasonOf(error) });
      },
    });
  }

  /** Opens the shard, connects and answers. @throws {ClusterError} what SQLite reports */
  static async start(options: ShardServerOptions): Promise<ShardServer> {
    const shards = checkNumber("shards", options.shards, 1, 4096, true);
    checkNumber("shard", options.shard, 0, shards - 1, true);
    const link = await openLink(options, `shard ${options.shard}`);
    try {
      const server = new ShardServer(options, link, await ArchiveShard.open(options.path));
      // Nobody finds the shard absent once this has resolved.
      await link.nc.flush();
      return server;
    } catch (error) {
      await link.nc.close();
      throw error;
    }
  }

  /** Which shard it is. */
  get number(): number {
    return this.#options.shard;
  }

  /** Stops answering, and closes the shard. */
  async close(): Promise<void> {
    this.#subscription.unsubscribe();
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
    try {
      reply = await this.#answer(readMessage<ShardRequest>(message.data));
    } catch (error) {
      reply = { refused: shortened(reasonOf(error)) };
      this.counters.refused++;
      this.#event({ type: "refused", reason: reply.refused });
    }
    try {
      message.respond(JSON.stringify(reply));
    } catch (error) {
      // The connection is closed: the sender names this shard as silent.
      this.#event({ type: "retry", step: "answer", reason: reasonOf(error) });
    }
  }

  async #answer(request: ShardRequest): Promise<ShardReply> {
    const { shards, shard } = this.#options;
    if (request.shards !== shards) {
      throw new ClusterError(
        "ERR_EMPREINTE_CLUSTER_MESSAGE",
        `The archive has ${shards} shards, and not ${request.shards}`,
      );
    }
    if ("search" in request) {
      const { size } = this.shard;
      this.counters.searches++;
      const matches = await this.shard.search(request.search as Query, request.radius);
      return { size, matches: matches.slice(0, mostMatches), found: matches.length };
    }
    if ("keep" in request) {
      const misplaced = request.keep.find(({ id }) => shardOf(id, shards) !== shard);
      if (misplaced !== undefined) {
        throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", `Upload ${misplaced.id} belongs to another shard`);
      }
      return this.#changes.run(async () => {
        const kept = this.shard.keep(request.keep);
        return { ...kept, size: this.shard.size, rescanned: this.shard.rescans.position.target };
      });
    }
    if ("rescan" in request) {
      // No upload is kept during a step: it would be in neither its searches nor those of the caller of `keep`.
      return this.#changes.run(async () => {
        const took = await this.shard.rescans.take(request.rescan);
        return { took, progress: this.shard.rescans.progress(request.rescan.target), size: this.shard.size };
      });
    }
    if ("progress" in request) {
      return { progress: this.shard.rescans.progress(request.progress), size: this.shard.size };
    }
    if ("found" in request) {
      const { after, limit } = request.found;
      return { rescanMatches: this.shard.rescans.matches(after, Math.min(limit, mostMatches)) };
    }
    if (!("remove" in request)) {
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", "A request to a shard is unknown");
    }
    return this.#changes.run(async () => ({ removed: await this.shard.remove(request.remove), size: this.shard.size }));
  }
}
