/** Rescans: every hash that is new in a bank is searched in all shards of an archive, each shard at its own pace. */
import { ClusterError, reasonOf } from "../errors.js";
import type { BankStore } from "empreinte/bank";
import { Curator } from "../curator/curator.js";
import { type EventListener, quiet } from "../events.js";
import { checkNumber } from "../jobs/streams.js";
import { EventCounts } from "../metrics/counters.js";
import { type Link, openLink, openState } from "../net/link.js";
import { write } from "../net/messages.js";
import { Backoff, pause, Sleepers } from "../net/pause.js";
import type { ClusterNode } from "../node/node.js";
import type { ArchiveOptions } from "./archive.js";
import { type askShard, askWhileAlive, isMissing } from "./ask.js";
import { type Rescan, readMatches, readRescan } from "./rescan-report.js";
import type { RescanMatch, RescanPosition, RescanProgress } from "./rescans.js";
import { assertHistory, Steps } from "./steps.js";

export interface RescannerOptions extends ArchiveOptions {
  /** Who has the bank: a curator, or a node, which gives no hash while it may not answer. It is not closed. */
  source: Curator | ClusterNode;
  /** The most bits that may differ, 0 … 256. Default 31. Shards that were searched with another one are refused. */
  radius?: number;
  /** How many hashes go to a shard at once, 1 … 4,000. Default 256. Uploads wait so long to be kept. */
  hashesAtOnce?: number;
  /** After so many seconds a shard is silent, 0.1 … 3,600. Default 60. */
  requestSeconds?: number;
  onEvent?: EventListener;
  /** Called before a step goes to a shard, for tests. */
  hook?: (shard: number, target: number) => Promise<void> | void;
}

/** Where one shard is, as the rescanner knows it. */
export interface ShardRescan {
  shard: number;
  /** The last revision whose hashes were all searched. */
  revision: number;
  /** The revision that is being searched. */
  target: number;
  /** How many uploads the shard has, and how many matches. */
  size: number;
  matches: number;
  /** Why the shard does not go on; undefined if it does. */
  reason: string | undefined;
}

/** How often a change of the bank is looked for, in milliseconds. */
const pollMilliseconds = 50;
/** How often a shard with nothing to do is looked for, in milliseconds. */
const idleMilliseconds = 5000;
/** How often the state is written for `status`, in milliseconds. */
const reportMilliseconds = 1000;

/** What every fifth report writes in any case, so that a reader sees that the rescanner is there. */
const everyReport = 5;

/** Searches all shards for what a bank gets. One process needs to run it. A second one does no harm. */
export class Rescanner {
  /** What the rescanner has counted since it started. */
  readonly counters: { hashes: number; steps: number; events: EventCounts } = {
    hashes: 0,
    steps: 0,
    events: new EventCounts(),
  };
  /** The name of the store. */
  readonly store: string;
  readonly #options: RescannerOptions;
  readonly #link: Link;
  readonly #steps: Steps;
  readonly #states: ShardRescan[];
  readonly #closing = new AbortController();
  readonly #idle = new Sleepers();
  readonly #event: EventListener;
  readonly #seconds: number;
  #loops: Promise<void>[] = [];

  private constructor(options: RescannerOptions, link: Link) {
    this.#options = options;
    this.store = options.store;
    this.#link = link;
    this.#seconds = options.requestSeconds ?? 60;
    this.#steps = new Steps(options.radius ?? 31, options.hashesAtOnce ?? 256);
    this.#event = this.counters.events.before(quiet(options.onEvent));
    this.#states = Array.from({ length: options.shards }, (_, shard) => ({
      shard,
      revision: 0,
      target: 0,
      size: 0,
      matches: 0,
      reason: "no answer yet",
    }));
  }

  /** Connects, and goes on where each shard is. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`, `…_NATS` */
  static async start(options: RescannerOptions): Promise<Rescanner> {
    checkNumber("shards", options.shards, 1, 4096, true);
    checkNumber("radius", options.radius ?? 31, 0, 256, true);
    checkNumber("hashesAtOnce", options.hashesAtOnce ?? 256, 1, 4000, true);
    checkNumber("requestSeconds", options.requestSeconds ?? 60, 0.1, 3600);
    const rescanner = new Rescanner(options, await openLink(options, "rescans"));
    rescanner.#loops = [
      rescanner.#watch(),
      rescanner.#keepReporting(),
      ...rescanner.#states.map((state) => rescanner.#follow(state)),
    ];
    return rescanner;
  }

  /** Where each shard is, as of its last answer. */
  get shards(): readonly Readonly<ShardRescan>[] {
    return this.#states;
  }

  /** The revision of the bank, or undefined while its node may not answer. */
  get revision(): number | undefined {
    return this.#bank()?.revision;
  }

  /**
   * Asks all shards whether the rescan of a revision is complete, and waits for it as long as wanted. A shard that has
   * not done it is in `missing`. Default: the bank's revision now, and no wait.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`
   */
  async rescan(
    revision: number | undefined = this.revision,
    { waitSeconds = 0, deadlineSeconds = 2 }: { waitSeconds?: number; deadlineSeconds?: number } = {},
  ): Promise<Rescan> {
    if (revision === undefined) {
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "The bank does not answer: name a revision");
    }
    checkNumber("waitSeconds", waitSeconds, 0, 1e6);
    const archive = { link: this.#link, shards: this.#options.shards };
    const end = performance.now() + 1000 * waitSeconds;
    for (;;) {
      const answer = await readRescan(archive, revision, deadlineSeconds);
      this.#explain(answer);
      if (answer.complete || performance.now() >= end || this.#closing.signal.aborted) return answer;
      await pause(Math.min(50, Math.max(1, end - performance.now())), this.#closing.signal);
    }
  }

  /**
   * Yields all matches, shard after shard, of entries that match now: what was withdrawn is left out at once, also
   * where a shard does not know yet.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_SHARD` where a shard does not answer, `ERR_EMPREINTE_CLUSTER_CLOSED`
   * where the bank does not.
   */
  async *matches(
    options: { deadlineSeconds?: number; after?: readonly number[] } = {},
  ): AsyncGenerator<RescanMatch & { shard: number }> {
    for await (const match of readMatches({ link: this.#link, shards: this.#options.shards }, options)) {
      const bank = this.#bank();
      if (bank === undefined) throw new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", "The bank does not answer");
      if (bank.entry({ entryNumber: match.entry })?.status === "active") yield match;
    }
  }

  /** Stops. What the shards have recorded stays, and the next rescanner goes on from there. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#idle.wake();
    await this.#link.nc.close();
    await Promise.all(this.#loops);
  }

  /** Says why shards are behind, and that what was searched for another bank is not done. */
  #explain(answer: Rescan): void {
    const missing = new Map(answer.missing.map((one) => [one.shard, one]));
    const bank = this.#bank();
    for (const { shard, position } of answer.shards) {
      const { reason } = this.#states[shard]!;
      if (missing.get(shard)?.reason === "behind" && reason !== undefined) missing.set(shard, { shard, reason });
      try {
        if (bank !== undefined) assertHistory(bank, position);
      } catch (error) {
        missing.set(shard, { shard, reason: reasonOf(error) });
      }
    }
    answer.missing = [...missing.values()].toSorted((a, b) => a.shard - b.shard);
    answer.complete &&= missing.size === 0;
    if (!answer.complete) answer.completedAt = undefined;
  }

  /** Returns the bank, as long as its owner may answer. */
  #bank(): BankStore | undefined {
    const { source } = this.#options;
    if (source instanceof Curator) return source.active ? source.store : undefined;
    return source.incomplete === undefined ? source.store : undefined;
  }

  /** Wakes the shards where the bank has changed. */
  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    let last: number | undefined;
    while (!signal.aborted) {
      const now = this.#revisionOrNone();
      if (now !== last) this.#idle.wake();
      last = now;
      await pause(pollMilliseconds, signal);
    }
  }

  #revisionOrNone(): number | undefined {
    try {
      return this.revision;
    } catch {
      // The store was closed meanwhile: a step says so.
      return undefined;
    }
  }

  /** Brings one shard to the bank's revision, again and again. */
  async #follow(state: ShardRescan): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(250, 5000);
    while (!signal.aborted) {
      try {
        const { position, instance } = await this.#ask(state);
        const done = await this.#catchUp(state, position, instance);
        if (!done) continue;
        state.reason = undefined;
        backoff.reset();
        await this.#idle.sleep(idleMilliseconds);
      } catch (error) {
        if (signal.aborted) return;
        const reason = reasonOf(error);
        if (state.reason !== reason) this.#event({ type: "rescan-held", shard: state.shard, reason });
        state.reason = reason;
        await backoff.wait(signal);
      }
    }
  }

  /** Sends step after step. Returns false where the shard turns out to be somewhere else. */
  async #catchUp(state: ShardRescan, position: RescanPosition, instance: string): Promise<boolean> {
    const { signal } = this.#closing;
    let now = position;
    while (!signal.aborted) {
      const bank = this.#bank();
      if (bank === undefined) throw new Error("the bank does not answer");
      const step = this.#steps.next(bank, now, state.size === 0);
      if (step === undefined) return true;
      state.target = step.target;
      await this.#options.hook?.(state.shard, step.target);
      const reply = await this.#request(state.shard, { rescan: step }, instance);
      if (!("took" in reply)) throw new Error("the answer is not one to a rescan");
      this.#note(state, reply.progress, reply.size);
      if (!reply.took) return false;
      state.reason = undefined;
      this.counters.steps++;
      this.counters.hashes += step.entries.reduce((sum, { hashes }) => sum + hashes.length, 0);
      if (step.end === null) this.#event({ type: "rescanned", shard: state.shard, revision: step.target });
      now = reply.progress.position;
    }
    return false;
  }

  async #ask(state: ShardRescan): Promise<{ position: RescanPosition; instance: string }> {
    const reply = await this.#request(state.shard, { progress: 0 });
    if (!("progress" in reply)) throw new Error("the answer is not one about progress");
    this.#note(state, reply.progress, reply.size);
    return { position: reply.progress.position, instance: reply.instance };
  }

  #note(state: ShardRescan, { position: { revision, target }, matches }: RescanProgress, size: number): void {
    Object.assign(state, { revision, target, matches, size });
  }

  async #request(
    shard: number,
    request: object,
    instance?: string,
  ): Promise<Exclude<Awaited<ReturnType<typeof askShard>>, { reason: string }>> {
    const archive = { link: this.#link, shards: this.#options.shards };
    const reply = await askWhileAlive(archive, shard, request, this.#seconds, instance);
    if (isMissing(reply)) throw new Error(reply.reason);
    return reply;
  }

  /** Writes where each shard is, for `status`. */
  async #keepReporting(): Promise<void> {
    const { signal } = this.#closing;
    let [last, since] = ["", 0];
    while (!signal.aborted) {
      await pause(reportMilliseconds, signal);
      const text = write({ shards: this.#states });
      if (signal.aborted || (text === last && ++since < everyReport)) continue;
      try {
        await (await openState(this.#link)).put("rescan", text);
        [last, since] = [text, 0];
      } catch (error) {
        // The next one is written a second later.
        if (!signal.aborted) this.#event({ type: "retry", step: "report", reason: reasonOf(error) });
      }
    }
  }
}
