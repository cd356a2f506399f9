/** The curator: the one process that changes the store, and that every node follows. */
import type { KV } from "@nats-io/kv";
import type { Subscription } from "@nats-io/transport-node";
import { BankStore, type Selection, type StorePosition } from "empreinte/bank";
import { ClusterError, reasonOf } from "../errors.js";
import { type EventListener, quiet, retriesOf } from "../events.js";
import { type Link, type LinkOptions, makeStreams, openLink, openState, orAbsent } from "../net/link.js";
import { nodesOf } from "../net/list.js";
import { read } from "../net/messages.js";
import { checkId } from "../net/names.js";
import { Backoff, pause } from "../net/pause.js";
import { EventCounts, Times } from "../metrics/counters.js";
import { consumerName } from "../node/follow.js";
import { Announcer, assertContinues } from "./announce.js";
import { Bundles } from "./bundles.js";
import { Confirmations, type KnownNode } from "./confirmations.js";
import { CuratorLease, Deposed } from "./lease.js";
import { serve } from "./serve.js";
import { Snapshots } from "./snapshot.js";
import { type ClusterRemoval, withdrawEverywhere } from "./withdraw.js";

export interface CuratorOptions extends LinkOptions {
  /** The name of this process, different from every other curator's. */
  id: string;
  /**
   * The store: a path, or a function that returns an open store once the curator has its lease. Such a store is not
   * closed by the curator.
   */
  bank: string | (() => BankStore);
  /** The path of that store, where `bank` is a function. Snapshots are copied beside it before they are encrypted. */
  path?: string;
  /** How long the curator's lease lasts, 0.5 … 600 seconds. A standby takes over after that. Default 5. */
  curatorLeaseSeconds?: number;
  /**
   * How long a node answers without hearing from the curator, 1 … 3,600 seconds. A withdrawal waits at most this long
   * for a node that does not confirm. Default 15, and never less than twice the curator's lease.
   */
  nodeLeaseSeconds?: number;
  /** The most bytes of revisions that a node gets without a snapshot. Default 67,108,864. */
  maxBytes?: number;
  onEvent?: EventListener;
  /** Ends `start` while it waits for the lease. */
  signal?: AbortSignal;
  /** A monotonic clock in milliseconds, for tests. Default `performance.now`. */
  now?: () => number;
}

/** How often the store is looked at for changes that other processes made, in milliseconds. */
const pollMilliseconds = 25;

function checkSeconds(name: string, value: number, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", `Expected ${least} to ${most} seconds for ${name}`);
}

/** The curator of one store. */
export class Curator {
  /** The store. Import into it as usual: every revision goes to the nodes. */
  readonly store: BankStore;
  readonly #ownsStore: boolean;
  readonly #link: Link;
  readonly #lease: CuratorLease;
  readonly #announcer: Announcer;
  readonly #bundles: Bundles;
  readonly #snapshots: Snapshots;
  readonly #confirmations: Confirmations = new Confirmations();
  readonly #closing = new AbortController();
  readonly #event: EventListener;
  readonly #id: string;
  readonly #now: () => number;
  readonly #nodeLeaseSeconds: number;
  readonly #curatorLeaseSeconds: number;
  readonly #since: number;
  /** What the curator has counted since it started. */
  readonly counters: {
    withdrawals: number;
    /** Withdrawals that named missing nodes. */
    incomplete: number;
    withdrawalTimes: Times;
    events: EventCounts;
  } = { withdrawals: 0, incomplete: 0, withdrawalTimes: new Times(), events: new EventCounts() };
  #subscriptions: Subscription[] = [];
  #loops: Promise<void>[] = [];
  #announcing: Promise<boolean> | undefined;
  #removal: { checked: number; required: number };
  #unsure = false;
  #deposed: string | undefined;

  private constructor(
    store: BankStore,
    link: Link,
    lease: CuratorLease,
    options: CuratorOptions,
    announcer: Announcer,
  ) {
    this.store = store;
    this.#ownsStore = typeof options.bank === "string";
    this.#link = link;
    this.#lease = lease;
    this.#announcer = announcer;
    this.#bundles = new Bundles(store, options.maxBytes ?? 2 ** 26);
    const path = typeof options.bank === "string" ? options.bank : options.path!;
    const isNear = (position: StorePosition): boolean => this.#bundles.open(position) !== undefined;
    this.#snapshots = new Snapshots(link, store, `${path}.snapshot`, isNear);
    this.#id = options.id;
    this.#event = this.counters.events.before(quiet(options.onEvent));
    this.#now = options.now ?? ((): number => performance.now());
    this.#curatorLeaseSeconds = options.curatorLeaseSeconds ?? 5;
    this.#nodeLeaseSeconds = options.nodeLeaseSeconds ?? 15;
    this.#since = this.#now();
    this.#removal = { checked: 0, required: 0 };
  }

  /**
   * Waits for the lease, and starts. It refuses a store that lacks what the cluster has.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_BEHIND`, `ERR_EMPREINTE_CLUSTER_HISTORY`,
   * `ERR_EMPREINTE_CLUSTER_NATS`
   */
  static async start(options: CuratorOptions): Promise<Curator> {
    const id = checkId("id", options.id);
    if (typeof options.bank !== "string" && options.path === undefined) {
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "Expected the path of the store");
    }
    const curatorSeconds = checkSeconds("curatorLeaseSeconds", options.curatorLeaseSeconds ?? 5, 0.5, 600);
    checkSeconds("nodeLeaseSeconds", options.nodeLeaseSeconds ?? 15, 2 * curatorSeconds, 3600);
    const { bank } = options;
    let started: Curator | undefined;
    const onRetry = retriesOf((event) =>
      started === undefined ? quiet(options.onEvent)(event) : started.#event(event),
    );
    const opened = typeof bank === "string" ? await BankStore.open(bank, { onRetry }) : undefined;
    const signal = options.signal ?? new AbortController().signal;
    let link: Link | undefined;
    try {
      link = await openLink(options, `curator ${id}`);
      const kv = await persistently(link, signal);
      const now = options.now ?? ((): number => performance.now());
      const lease = new CuratorLease({ kv, id, leaseSeconds: curatorSeconds, now });
      await lease.take(signal);
      try {
        const store = typeof bank === "string" ? opened! : bank();
        const announcer = new Announcer(link, store, () => lease.epoch);
        await announcer.synchronize();
        const curator = (started = new Curator(store, link, lease, options, announcer));
        await curator.#begin(kv);
        return curator;
      } catch (error) {
        await lease.release();
        throw error;
      }
    } catch (error) {
      await link?.nc.close();
      await opened?.close();
      throw error;
    }
  }

  async #begin(kv: KV): Promise<void> {
    for (const name of await nodesOf(this.#link)) {
      const entry = await kv.get(`node.${name}`);
      if (entry === null || entry.operation !== "PUT") continue;
      const { revision, digest } = read<{ revision: number; digest: string }>("node's state", entry.value);
      assertContinues(this.store, `node ${name}`, revision, digest);
      // What it has confirmed to an earlier curator. It must renew its lease with this one.
      this.#confirmations.note(name, { revision, digest });
    }
    this.store.history.setReplica(false);
    this.#required();
    this.#event({ type: "curator", epoch: this.#lease.epoch });
    this.#subscriptions = serve({
      link: this.#link,
      store: this.store,
      lease: this.#lease,
      bundles: this.#bundles,
      snapshots: this.#snapshots,
      confirmations: this.#confirmations,
      nodeLeaseSeconds: this.#nodeLeaseSeconds,
      required: () => this.#required(),
      forget: (node) => this.forget(node),
      now: this.#now,
      event: this.#event,
    });
    this.#loops = [this.#keepLease(), this.#keepAnnouncing()];
  }

  /** Whether the curator has its lease, and may grant leases to nodes. */
  get active(): boolean {
    return this.#deposed === undefined && this.#lease.sure;
  }

  /** The curator's name. */
  get id(): string {
    return this.#id;
  }

  /** The number of the takeover. */
  get epoch(): number {
    return this.#lease.epoch;
  }

  /** The last revision that is in the stream, as far as the curator knows. */
  get announced(): number {
    return this.#announcer.announced;
  }

  /** What the curator knows of each node. */
  get nodes(): ReadonlyMap<string, Readonly<KnownNode>> {
    return this.#confirmations.nodes;
  }

  /**
   * Withdraws entries here and on every node. It resolves when every registered node has confirmed, or when the lease
   * of each node that has not confirmed has ended, so that it does not answer.
   * @throws as `BankStore.withdraw`. {ClusterError} `ERR_EMPREINTE_CLUSTER_NOT_CURATOR`
   */
  async withdraw(selection: Selection): Promise<ClusterRemoval> {
    return this.#remove(selection, "withdraw");
  }

  /** Erases entries, as `BankStore.erase`, here and on every node. See `withdraw`. */
  async erase(selection: Selection): Promise<ClusterRemoval> {
    return this.#remove(selection, "erase");
  }

  async #remove(selection: Selection, kind: "withdraw" | "erase"): Promise<ClusterRemoval> {
    this.#assertCurator();
    const removal = await withdrawEverywhere(
      {
        store: this.store,
        confirmations: this.#confirmations,
        nodeLeaseSeconds: this.#nodeLeaseSeconds,
        now: this.#now,
        earlierLeases: () => this.#since + 1000 * this.#nodeLeaseSeconds - this.#now(),
        removed: () => this.#required(),
        announce: () => this.#announce(),
        announced: () => this.#announcer.announced,
        dropSnapshot: () => this.#snapshots.drop(),
      },
      selection,
      kind,
    );
    this.counters.withdrawals++;
    if (!removal.complete) this.counters.incomplete++;
    this.counters.withdrawalTimes.add(removal.took / 1000);
    return removal;
  }

  /**
   * Forgets a node that never returns, so that withdrawals wait for it no longer. It must have no lease any more, also
   * from an earlier curator. A node that runs registers itself again.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` for an unknown node and one that may have a lease,
   * `…_NOT_CURATOR`
   */
  async forget(node: string): Promise<void> {
    checkId("the node", node);
    this.#assertCurator();
    const kv = await openState(this.#link);
    const entry = await kv.get(`node.${node}`);
    const known = this.#confirmations.nodes.get(node);
    if (known === undefined && entry?.operation !== "PUT") {
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", `There is no node ${node}`);
    }
    const granted = known === undefined || known.granted === 0 ? this.#since : known.granted;
    const left = granted / 1000 + this.#nodeLeaseSeconds - this.#now() / 1000;
    if (left > 0) {
      const text = `Node ${node} may have a lease for another ${Math.ceil(left)} seconds`;
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", text);
    }
    this.#confirmations.forget(node);
    await kv.delete(`node.${node}`);
    await orAbsent(this.#link.jsm.consumers.delete(this.#link.names.changes, consumerName(node)));
  }

  /** Gives the lease back and ends. A store that the curator has opened is closed. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await Promise.all(this.#loops);
    this.#bundles.clear();
    if (this.#deposed === undefined) await this.#lease.release();
    await this.#link.nc.close();
    if (this.#ownsStore) await this.store.close();
  }

  #assertCurator(): void {
    if (this.#closing.signal.aborted) throw new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", "The curator is closed");
    if (this.#deposed === undefined) return;
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_NOT_CURATOR", `This process is not the curator: ${this.#deposed}`);
  }

  /** Returns the revision of the last withdrawal, by any process that writes to the store. */
  #required(): number {
    const { revision } = this.store;
    if (revision === this.#removal.checked) return this.#removal.required;
    let { required } = this.#removal;
    let removed = false;
    for (const { kind, revision: at } of this.store.changes(this.#removal.checked)) {
      if (kind !== "withdrawn" && kind !== "erased") continue;
      removed = true;
      required = Math.max(required, at);
    }
    this.#removal = { checked: revision, required };
    if (removed) {
      this.#bundles.clear();
      void this.#snapshots.drop();
    }
    return required;
  }

  async #announce(): Promise<boolean> {
    // One at a time: each names the sequence of the one before.
    while (this.#announcing !== undefined) await this.#announcing;
    this.#announcing = this.#announceOnce().finally(() => (this.#announcing = undefined));
    return this.#announcing;
  }

  async #announceOnce(): Promise<boolean> {
    try {
      if (!this.active) return false;
      const revision = await this.#announcer.announce();
      if (revision !== undefined) this.#event({ type: "announced", revision });
      return true;
    } catch (error) {
      if (error instanceof Deposed || error instanceof ClusterError) this.#depose(reasonOf(error));
      else this.#event({ type: "retry", step: "announce", reason: reasonOf(error) });
      return false;
    }
  }

  async #keepAnnouncing(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(100, 2000);
    while (!signal.aborted && this.#deposed === undefined) {
      this.#required();
      if (this.store.revision !== this.#announcer.announced || this.#announcer.announced === 0) {
        if (await this.#announce()) backoff.reset();
        else await backoff.wait(signal);
      }
      await pause(pollMilliseconds, signal);
    }
  }

  async #keepLease(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#deposed === undefined) {
      await pause(250 * this.#curatorLeaseSeconds, signal);
      if (signal.aborted) return;
      try {
        await this.#lease.renew();
        // The stream may have been lost, with its last announcement.
        await this.#announcer.synchronize();
        this.#unsure = false;
      } catch (error) {
        if (error instanceof Deposed || error instanceof ClusterError) this.#depose(reasonOf(error));
        else await this.#afterFailure(error);
      }
    }
  }

  async #afterFailure(error: unknown): Promise<void> {
    if (!this.#unsure && !this.#lease.sure) {
      this.#unsure = true;
      this.#event({ type: "lease-unsure", reason: reasonOf(error) });
    } else this.#event({ type: "retry", step: "renew", reason: reasonOf(error) });
    try {
      await makeStreams(this.#link);
    } catch (failure) {
      // The next renewal tries again.
      this.#event({ type: "retry", step: "make the streams", reason: reasonOf(failure) });
    }
  }

  #depose(reason: string): void {
    if (this.#deposed !== undefined) return;
    this.#deposed = reason;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#bundles.clear();
    this.store.history.setReplica(true);
    this.#event({ type: "deposed", reason });
  }
}

/** Makes the streams, as soon as NATS has a quorum. */
async function persistently(link: Link, signal: AbortSignal): Promise<KV> {
  const backoff = new Backoff(200, 2000);
  for (;;) {
    signal.throwIfAborted();
    try {
      await makeStreams(link);
      return await openState(link);
    } catch (error) {
      if (link.nc.isClosed()) throw error;
      await backoff.wait(signal);
    }
  }
}
