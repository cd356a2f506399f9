/** A node: a replica of the curator's store that answers, as long as it may. */
import { existsSync } from "node:fs";
import type { HashLike, Query } from "empreinte";
import {
  BankStore,
  type BankMatch,
  type CheckImageOptions,
  type CheckQuery,
  type Decision,
  Matcher,
} from "empreinte/bank";
import { ClusterError, codeOf, reasonOf } from "../errors.js";
import { type EventListener, quiet, retriesOf } from "../events.js";
import { type Link, type LinkOptions, openLink, openState } from "../net/link.js";
import { read, type RenewReply, write } from "../net/messages.js";
import { checkId } from "../net/names.js";
import { Backoff, pause, Sleepers } from "../net/pause.js";
import { Turns } from "../net/turns.js";
import { EventCounts } from "../metrics/counters.js";
import { type Answer, type AnswerOptions, checkAnswerOptions, type IncompleteReason } from "./answer.js";
import { downloadSnapshot, placeSnapshot, removeDownload } from "./bootstrap.js";
import { fetchRevisions } from "./fetch.js";
import { followStream, type Heard } from "./follow.js";
import { NodeLease } from "./lease.js";

/** The options of `Matcher.checkVideo`. */
export type CheckVideoOptions = NonNullable<Parameters<Matcher["checkVideo"]>[1]>;

export interface NodeOptions extends LinkOptions {
  /** The name of this node, different from every other node's. */
  id: string;
  /** Where the node keeps its copy of the store. If there is no file yet, it takes a snapshot. */
  path: string;
  onEvent?: EventListener;
  /** A monotonic clock in milliseconds, for tests. Default `performance.now`. */
  now?: () => number;
  /** Called between two steps of applying revisions, for tests. */
  hook?: (step: "before-commit" | "after-commit" | "before-ack", revision: number) => Promise<void> | void;
}

/** A node of a cluster. */
export class ClusterNode {
  readonly #options: NodeOptions;
  readonly #link: Link;
  readonly #lease: NodeLease;
  readonly #event: EventListener;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  /** One catch-up or snapshot after the other. */
  readonly #turns = new Turns();
  /** Who waits for the next renewal. */
  readonly #renewal = new Sleepers();
  /** Who waits for a revision. */
  readonly #revisions = new Sleepers();
  /** What the node has counted since it started: answers with a value, those without one by the reason, and events. */
  readonly counters: { answers: number; refusals: Map<IncompleteReason, number>; events: EventCounts } = {
    answers: 0,
    refusals: new Map(),
    events: new EventCounts(),
  };
  #store: BankStore | undefined;
  #matcher: Matcher | undefined;
  #epoch = 0;
  #confirmed = 0;
  #leaseSeconds = 0;
  #history = true;
  #answering: boolean | undefined;
  #loops: Promise<void>[] = [];
  #left = false;
  #last = 0;

  private constructor(options: NodeOptions, link: Link) {
    this.#options = options;
    this.#link = link;
    this.#now = options.now ?? ((): number => performance.now());
    this.#lease = new NodeLease(this.#now);
    this.#event = this.counters.events.before(quiet(options.onEvent));
  }

  /** Connects and starts to follow. `ready` says when the node answers. @throws {ClusterError} */
  static async start(options: NodeOptions): Promise<ClusterNode> {
    checkId("id", options.id);
    const link = await openLink(options, `node ${options.id}`);
    try {
      removeDownload(options.path);
      const node = new ClusterNode(options, link);
      if (existsSync(options.path)) {
        const store = await BankStore.open(options.path, { onRetry: retriesOf(node.#event) });
        if (!store.history.isReplica) store.history.setReplica(true);
        node.#use(store);
      }
      node.#loops = [node.#keepLease(), node.#followAnnouncements()];
      return node;
    } catch (error) {
      await link.nc.close();
      throw error;
    }
  }

  /** The node's name. */
  get id(): string {
    return this.#options.id;
  }

  /** The node's store, or undefined before it has one. It is another one after a snapshot. */
  get store(): BankStore | undefined {
    return this.#store;
  }

  /** The revision of the node's store; 0 before it has one. A closed node has its last one. */
  get revision(): number {
    return this.#store?.revision ?? this.#last;
  }

  /** The digest of the history up to that revision, or undefined before the node has a store. */
  get digest(): string | undefined {
    return this.#store?.history.digest();
  }

  /** Why the node does not answer now, or undefined if it does. */
  get incomplete(): IncompleteReason | undefined {
    if (this.#closing.signal.aborted) return "closed";
    if (!this.#history) return "history";
    return this.#store !== undefined && this.#lease.valid ? undefined : "lease";
  }

  /** Seconds for which the node may still answer without hearing from the curator. */
  get leaseSecondsLeft(): number {
    return this.#lease.left / 1000;
  }

  /** Waits until the node answers. It throws the reason of the signal. */
  async ready(signal?: AbortSignal): Promise<void> {
    while (this.incomplete !== undefined) {
      signal?.throwIfAborted();
      if (this.incomplete === "closed") throw new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", "The node is closed");
      await pause(20, this.#closing.signal);
    }
  }

  /** Decides about an upload that is hashed already. See `Matcher.check`. */
  async check(query: CheckQuery, options?: AnswerOptions): Promise<Answer<Decision>> {
    return this.#answer(options, (_, matcher) => matcher.check(query));
  }

  /** Decides about an image file. See `Matcher.checkImage`. */
  async checkImage(
    input: Parameters<Matcher["checkImage"]>[0],
    { atLeast, waitSeconds, ...options }: CheckImageOptions & AnswerOptions = {},
  ): Promise<Answer<Decision>> {
    const wanted = { ...(atLeast !== undefined && { atLeast }), ...(waitSeconds !== undefined && { waitSeconds }) };
    return this.#answer(wanted, (_, matcher) => matcher.checkImage(input, options));
  }

  /** Decides about a video file, or its signature. See `Matcher.checkVideo`. */
  async checkVideo(
    input: Parameters<Matcher["checkVideo"]>[0],
    { atLeast, waitSeconds, ...options }: CheckVideoOptions & AnswerOptions = {},
  ): Promise<Answer<Decision>> {
    const wanted = { ...(atLeast !== undefined && { atLeast }), ...(waitSeconds !== undefined && { waitSeconds }) };
    return this.#answer(wanted, (_, matcher) => matcher.checkVideo(input, options));
  }

  /** Searches for a hash or a query. See `BankStore.search`. */
  async search(
    query: HashLike | Query,
    { atLeast, waitSeconds, ...options }: NonNullable<Parameters<BankStore["search"]>[1]> & AnswerOptions = {},
  ): Promise<Answer<BankMatch[]>> {
    const wanted = { ...(atLeast !== undefined && { atLeast }), ...(waitSeconds !== undefined && { waitSeconds }) };
    return this.#answer(wanted, (store) => store.search(query, options));
  }

  /**
   * Stops answering, and leaves the cluster: no withdrawal waits for this node from now on. Its files stay.
   * @throws where no curator answers: the node then stays registered, and does not answer.
   */
  async leave(): Promise<void> {
    this.#left = true;
    this.#lease.end();
    this.#say();
    const { nc, names } = this.#link;
    await this.#turns.idle();
    await (await openState(this.#link)).delete(`node.${this.id}`);
    await nc.request(names.leave, write({ node: this.id }), { timeout: 5000 });
  }

  /** Stops answering, and closes the store. The node stays registered: a withdrawal names it as missing. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#lease.end();
    this.#renewal.wake();
    await this.#link.nc.close();
    await Promise.all(this.#loops);
    await this.#turns.idle();
    const store = this.#store;
    this.#last = this.revision;
    this.#store = undefined;
    await store?.close();
  }

  async #answer<T>(
    options: AnswerOptions | undefined,
    work: (store: BankStore, matcher: Matcher) => T | Promise<T>,
  ): Promise<Answer<T>> {
    const answer = await this.#answerOnce(options, work);
    const { refusals } = this.counters;
    if (answer.incomplete === undefined) this.counters.answers++;
    else refusals.set(answer.incomplete, (refusals.get(answer.incomplete) ?? 0) + 1);
    return answer;
  }

  async #answerOnce<T>(
    options: AnswerOptions | undefined,
    work: (store: BankStore, matcher: Matcher) => T | Promise<T>,
  ): Promise<Answer<T>> {
    const { atLeast, waitSeconds } = checkAnswerOptions(options);
    if (this.revision < atLeast) await this.#waitFor(atLeast, waitSeconds);
    const before = this.incomplete ?? (this.revision < atLeast ? "behind" : undefined);
    const [store, matcher] = [this.#store, this.#matcher];
    if (before !== undefined || store === undefined || matcher === undefined) {
      return { revision: this.revision, incomplete: before ?? "lease" };
    }
    const { revision } = store;
    try {
      const value = await work(store, matcher);
      // The process may have been stopped meanwhile, and the lease may have ended.
      const after = store === this.#store ? this.incomplete : "lease";
      return after === undefined ? { revision, value } : { revision, incomplete: after };
    } catch (error) {
      if (codeOf(error) === "ERR_EMPREINTE_CLOSED") return { revision, incomplete: this.incomplete ?? "lease" };
      throw error;
    }
  }

  async #waitFor(revision: number, seconds: number): Promise<void> {
    const end = performance.now() + 1000 * seconds;
    while (this.revision < revision && performance.now() < end && !this.#closing.signal.aborted) {
      await this.#revisions.sleep(Math.max(0, end - performance.now()));
    }
  }

  #use(store: BankStore): void {
    this.#store = store;
    this.#matcher = new Matcher(store);
  }

  /** Reports where the node begins or ceases to answer. */
  #say(): void {
    const { incomplete } = this;
    if ((incomplete === undefined) === this.#answering) return;
    this.#answering = incomplete === undefined;
    if (incomplete === undefined) this.#event({ type: "answering" });
    else this.#event({ type: "incomplete", reason: incomplete });
  }

  /** Asks the curator again and again whether the node may answer, and catches up where it is behind. */
  async #keepLease(): Promise<void> {
    const { signal } = this.#closing;
    let seconds = 1;
    while (!signal.aborted) {
      let granted = false;
      try {
        const reply = await this.#renew();
        if (reply !== undefined) {
          seconds = reply.leaseSeconds;
          granted = reply.granted;
        }
      } catch (error) {
        if (!signal.aborted) this.#event({ type: "retry", step: "renew", reason: reasonOf(error) });
      }
      this.#say();
      const next = granted ? 250 * seconds : Math.min(250, 250 * seconds);
      await this.#renewal.sleep(next);
    }
  }

  /** Renews the lease once. A node without a store, or one that is behind, catches up first. */
  async #renew(): Promise<RenewReply | undefined> {
    const { nc, names } = this.#link;
    if (this.#left) return undefined;
    if (this.#store === undefined) await this.#catchUp();
    const position = this.#store?.history.position();
    if (position === undefined) return undefined;
    const { revision, digest } = position;
    const sent = this.#now();
    const request = write({ node: this.id, epoch: this.#epoch, revision, digest });
    const { data } = await nc.request(names.renew, request, { timeout: 2000 });
    const reply = read<RenewReply>("renewal reply", data);
    if (!this.#isCurrent(reply.epoch) || this.#left) return undefined;
    if (reply.otherHistory) {
      this.#lost("the curator has another history");
      return reply;
    }
    this.#history = true;
    this.#leaseSeconds = reply.leaseSeconds;
    if (reply.granted) this.#lease.grant(sent, reply.leaseSeconds);
    if (reply.revision > revision) await this.#catchUp();
    else void this.#report();
    return reply;
  }

  /** Returns whether a curator of this epoch is the newest that the node has heard of. */
  #isCurrent(epoch: number): boolean {
    if (epoch < this.#epoch) {
      this.#event({ type: "refused", reason: `a curator of epoch ${epoch}, and ${this.#epoch} is the newest` });
      return false;
    }
    this.#epoch = epoch;
    return true;
  }

  #lost(reason: string): void {
    if (this.#history) this.#event({ type: "refused", reason });
    this.#history = false;
    this.#lease.end();
    this.#say();
  }

  /** Takes over what the curator has. One call after the other. */
  async #catchUp(): Promise<void> {
    await this.#turns.run(async () => this.#catchUpOnce());
  }

  async #catchUpOnce(): Promise<void> {
    const { signal } = this.#closing;
    const store = this.#store;
    if (signal.aborted) return;
    if (store === undefined) return this.#takeSnapshot("the node has no store");
    const fetched = await fetchRevisions(this.#link, store, this.id);
    if (!this.#isCurrent(fetched.epoch)) return;
    if (fetched.kind === "other history") this.#lost("the curator has another history");
    if (fetched.kind === "snapshot") await this.#takeSnapshot("the node lacks too many revisions");
    if (fetched.bytes === undefined) return;
    const hook = this.#options.hook;
    await hook?.("before-commit", store.revision);
    const applied = await store.history.applyRevisions(fetched.bytes);
    await hook?.("after-commit", applied.revision);
    const { from, revision, digest, removed, stoppedAfter, goneAfter } = applied;
    this.#confirm(revision, digest, stoppedAfter, goneAfter);
    this.#event({ type: "applied", from, revision, removed });
    this.#revisions.wake();
    this.#renewal.wake();
  }

  /** Says that searches find what the revision says, and that the bytes of what it withdrew are gone. */
  #confirm(revision: number, digest: string, stoppedAfter: number, goneAfter: number): void {
    const { nc, names } = this.#link;
    nc.publish(names.done, write({ node: this.id, revision, digest, stoppedAfter, goneAfter }));
    this.#confirmed = Math.max(this.#confirmed, revision);
  }

  async #takeSnapshot(reason: string): Promise<void> {
    const { path } = this.#options;
    const copy = await downloadSnapshot(this.#link, this.id, path, this.#event);
    if (this.#closing.signal.aborted) return removeDownload(path);
    this.#lease.end();
    const old = this.#store;
    [this.#store, this.#matcher] = [undefined, undefined];
    await old?.close();
    const store = await placeSnapshot(copy, path, retriesOf(this.#event));
    this.#use(store);
    this.#event({ type: "snapshot", revision: store.revision, reason });
    this.#revisions.wake();
    this.#renewal.wake();
  }

  /** Throws the node's store away and takes a snapshot. For a node that has another history. */
  async resynchronize(): Promise<void> {
    await this.#turns.run(async () => this.#takeSnapshot("resynchronize was called"));
    this.#history = true;
  }

  /** Writes the node's state for `status` and for a curator that takes over. */
  async #report(): Promise<void> {
    try {
      const position = this.#store?.history.position();
      if (position === undefined || this.#left) return;
      const answering = this.incomplete === undefined;
      const state = { ...position, answering, epoch: this.#epoch, leaseSeconds: this.#leaseSeconds };
      await (await openState(this.#link)).put(`node.${this.id}`, write(state));
    } catch (error) {
      // The next renewal writes again.
      if (!this.#closing.signal.aborted) this.#event({ type: "retry", step: "report", reason: reasonOf(error) });
    }
  }

  /** Follows the announcements of the stream. Each is acknowledged after the commit, or refused. */
  async #followAnnouncements(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(100, 2000);
    while (!signal.aborted) {
      try {
        await followStream(this.#link, this.id, signal, (heard) => this.#hear(heard), this.#event);
        backoff.reset();
      } catch (error) {
        if (!signal.aborted) this.#event({ type: "retry", step: "follow", reason: reasonOf(error) });
        await backoff.wait(signal);
      }
    }
  }

  /** Takes over an announced revision. Returns whether the announcement is dealt with, or comes again later. */
  async #hear({ announcement }: Heard): Promise<"done" | "later" | "refuse"> {
    const { revision, digest, epoch } = announcement;
    if (this.#store === undefined || this.#left) return "later";
    if (epoch < this.#epoch && revision > this.revision) {
      this.#event({ type: "refused", reason: `an announcement of epoch ${epoch}` });
      return "refuse";
    }
    if (revision > this.revision) await this.#catchUp();
    const store = this.#store;
    if (store === undefined || revision > store.revision) return "later";
    if (store.history.digest(revision) !== digest) {
      this.#event({ type: "refused", reason: `announcement of revision ${revision}: another history` });
      return "refuse";
    }
    if (revision > this.#confirmed) this.#confirm(store.revision, store.history.digest(), 0, 0);
    await this.#options.hook?.("before-ack", revision);
    return "done";
  }
}
