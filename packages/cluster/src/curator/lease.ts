/**
 * The curator's lease: one key in the bucket of states, which its holder writes again and again.
 *
 * No clock of one machine is compared with another's. Who wants the lease watches the key. Where the key has not
 * changed for a whole lease, by the watcher's own monotonic clock, the watcher may take it. Every write names the key's
 * last revision, so that only one of two writers succeeds. A holder that could not write for two thirds of a lease
 * grants nothing more.
 */
import type { KV, KvEntry } from "@nats-io/kv";
import { codeOf } from "../errors.js";
import { read, write } from "../net/messages.js";
import { pause } from "../net/pause.js";

const key = "curator";

interface Holder {
  id: string;
  epoch: number;
}

/** Another curator has written the key. */
export class Deposed extends Error {}

/** Returns the codes of JetStream for a write that names another revision than the last. */
export const isConflict = (error: unknown): boolean => [10071, 10164].includes(Number(codeOf(error)));

export interface LeaseOptions {
  kv: KV;
  id: string;
  leaseSeconds: number;
  now: () => number;
}

/** The lease as one process holds it. */
export class CuratorLease {
  readonly #options: LeaseOptions;
  #revision = 0;
  #renewed = 0;
  #raised = 0;
  /** The number of the takeover. */
  epoch = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Whether the holder may grant and announce: it has written the key within two thirds of a lease. */
  get sure(): boolean {
    const { now, leaseSeconds } = this.#options;
    return this.epoch > 0 && now() - this.#renewed < (2000 / 3) * leaseSeconds;
  }

  /** Waits until the lease is free, and takes it. It throws the reason of the signal. */
  async take(signal: AbortSignal): Promise<void> {
    const { kv, leaseSeconds, now } = this.#options;
    let seen: KvEntry | undefined;
    let since = 0;
    for (;;) {
      signal.throwIfAborted();
      try {
        const entry = await kv.get(key);
        const start = now();
        if (entry === null || entry.operation !== "PUT") {
          if (await this.#write(0, entry, start)) return;
        } else if (seen === undefined || entry.revision !== seen.revision) {
          [seen, since] = [entry, start];
        } else if (start - since >= 1000 * leaseSeconds) {
          if (await this.#write(read<Holder>("curator's lease", entry.value).epoch, entry, start)) return;
          seen = undefined;
        }
      } catch (error) {
        if (signal.aborted) throw error;
        // Without an answer nobody knows whether the key has changed, so the watch begins anew.
        seen = undefined;
      }
      await pause(250 * leaseSeconds, signal);
    }
  }

  /** Takes the key after `entry`. Returns false if another was faster. */
  async #write(epoch: number, entry: KvEntry | null, start: number): Promise<boolean> {
    const { kv, id } = this.#options;
    const next = Math.max(epoch, entry?.revision ?? 0) + 1;
    const value = write({ id, epoch: next });
    try {
      const created = entry === null || entry.operation !== "PUT";
      this.#revision = created ? await kv.create(key, value) : await kv.update(key, value, entry.revision);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    [this.epoch, this.#renewed] = [next, start];
    return true;
  }

  /**
   * Writes the key again. @throws {Deposed} if another curator has written it. It throws other errors where NATS does
   * not answer; the lease is then kept as long as `sure` says, and longer where nobody else takes it.
   */
  async renew(): Promise<void> {
    const { kv, id, now } = this.#options;
    const start = now();
    const epoch = this.#raised > this.epoch ? this.#raised + 1 : this.epoch;
    const value = write({ id, epoch });
    try {
      this.#revision = await kv.update(key, value, this.#revision, 2000);
      this.#renewed = start;
      this.epoch = epoch;
    } catch (error) {
      if (!isConflict(error)) throw error;
      // An own write whose answer was lost looks the same, except that the key has our epoch.
      const entry = await kv.get(key);
      if (entry === null || entry.operation !== "PUT") {
        this.#revision = await kv.create(key, value);
      } else {
        const holder = read<Holder>("curator's lease", entry.value);
        const isOwn = holder.id === id && (holder.epoch === this.epoch || holder.epoch === epoch);
        if (!isOwn) throw new Deposed(`curator ${holder.id} has taken over`);
        this.epoch = holder.epoch;
        this.#revision = entry.revision;
      }
      this.#renewed = start;
    }
  }

  /** Raises the epoch above what a node has seen, as after the loss of the bucket. The next renewal writes it. */
  raise(epoch: number): void {
    this.#raised = Math.max(this.#raised, epoch);
  }

  /** Gives the lease back, so that another can take it at once. */
  async release(): Promise<void> {
    const { kv } = this.#options;
    const revision = this.#revision;
    this.epoch = 0;
    try {
      await kv.delete(key, { previousSeq: revision });
    } catch {
      // NATS does not answer: the lease ends by itself.
    }
  }
}
