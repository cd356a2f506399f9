/** A worker: takes jobs, hashes and checks the uploads with its node, and stores the results. */
import type { CheckImageOptions } from "empreinte/bank";
import { reasonOf } from "../errors.js";
import { type EventListener, quiet } from "../events.js";
import { type Link, openLink } from "../net/link.js";
import { checkId } from "../net/names.js";
import { Backoff, pause, within } from "../net/pause.js";
import { EventCounts, Times } from "../metrics/counters.js";
import type { CheckVideoOptions, ClusterNode } from "../node/node.js";
import type { Delivery } from "./delivery.js";
import { type HandleOptions, Handles } from "./handles.js";
import { priorities } from "./job.js";
import { checkNumber, checkQueue, Hints, makeQueue, pull, type QueueOptions, workersOf } from "./streams.js";
import { type Delivered, type Keep, work, type WorkContext } from "./work.js";

export interface WorkerOptions extends QueueOptions {
  /** The name of this worker, which its results have. */
  id: string;
  /** The node that answers. The worker takes no jobs while the node may not answer, and does not close it. */
  node: ClusterNode;
  /** The most jobs at once, 1 … 256. The memory of so many uploads is needed at once. Default 4. */
  concurrency?: number;
  /** How often a job is delivered before it becomes a dead letter, 1 … 100. Default 5. */
  maxDeliveries?: number;
  /** The most seconds for one delivery of a job, 0.1 … 86,400. Default 300. */
  jobSeconds?: number;
  /** Seconds until a failed job comes again, 0.01 … 300. It doubles with each delivery, up to 300. Default 1. */
  retrySeconds?: number;
  /** Which handles the worker opens, and how. */
  handles?: HandleOptions;
  /** Limits and the level of all checks of images. */
  check?: Omit<CheckImageOptions, "signal" | "name">;
  /** Limits, the level and the ffmpeg of all checks of videos. */
  checkVideo?: Omit<CheckVideoOptions, "signal" | "name">;
  /** Keeps the hash of an upload, such as in an archive. The result is stored after it, so it may be called again. */
  keep?: Keep;
  onEvent?: EventListener;
  /** Called between two steps of a job, for tests. */
  hook?: (step: "before-result" | "after-result", id: string) => Promise<void> | void;
}

/** How many deliveries a worker has had, by what became of them. */
export type WorkerCounts = Record<Delivered | "running", number>;

/** How long a worker waits without a hint before it looks again, in milliseconds. */
const idleMilliseconds = 1000;
/** Every so many jobs, the lowest priority comes first, so that it is never starved. */
const fairTurn = 16;

/** A worker of a queue. */
export class Worker {
  /** What the worker has counted since it started. */
  readonly counters: { jobTimes: Times; events: EventCounts };
  readonly #options: WorkerOptions;
  readonly #link: Link;
  readonly #hints: Hints;
  readonly #context: WorkContext;
  readonly #event: EventListener;
  readonly #draining = new AbortController();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #counts: Record<Delivered, number> = { done: 0, dead: 0, retry: 0, duplicate: 0, returned: 0 };
  readonly #concurrency: number;
  #turn = 0;
  #free: (() => void) | undefined;
  #loop: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(
    options: WorkerOptions,
    link: Link,
    context: Omit<WorkContext, "stop" | "link">,
    events: EventCounts,
  ) {
    this.counters = { jobTimes: new Times(), events };
    this.#options = options;
    this.#link = link;
    this.#event = context.event;
    this.#context = { ...context, link, stop: this.#stop.signal };
    this.#concurrency = options.concurrency ?? 4;
    this.#hints = new Hints(link.nc, link.names.jobHint);
  }

  /** Connects, makes what is missing of the queue, and takes jobs from then on. @throws {ClusterError} {FetchError} */
  static async start(options: WorkerOptions): Promise<Worker> {
    const worker = checkId("id", options.id);
    checkNumber("concurrency", options.concurrency ?? 4, 1, 256, true);
    const { ackSeconds } = checkQueue(options);
    const events = new EventCounts();
    const context = {
      worker,
      node: options.node,
      handles: new Handles(options.handles ?? {}),
      check: options.check ?? {},
      checkVideo: options.checkVideo ?? {},
      maxDeliveries: checkNumber("maxDeliveries", options.maxDeliveries ?? 5, 1, 100, true),
      jobSeconds: checkNumber("jobSeconds", options.jobSeconds ?? 300, 0.1, 86_400),
      retrySeconds: checkNumber("retrySeconds", options.retrySeconds ?? 1, 0.01, 300),
      heartbeatMilliseconds: (1000 * ackSeconds) / 3,
      keep: options.keep,
      hook: options.hook,
      event: events.before(quiet(options.onEvent)),
    };
    const link = await openLink(options, `worker ${worker}`);
    try {
      await makeQueue(link, options);
    } catch (error) {
      await link.nc.close();
      throw error;
    }
    const made = new Worker(options, link, context, events);
    made.#loop = made.#takeJobs();
    return made;
  }

  /** The worker's name. */
  get id(): string {
    return this.#options.id;
  }

  /** What became of the deliveries so far, and how many jobs are being done. */
  get counts(): WorkerCounts {
    return { ...this.#counts, running: this.#running.size };
  }

  /**
   * Takes no more jobs, finishes those that it has, and ends. After so many seconds, 30 by default, it returns what is
   * not finished to the queue.
   */
  async drain(seconds = 30): Promise<void> {
    this.#closed ??= this.#end(checkNumber("seconds", seconds, 0, 86_400));
    await this.#closed;
  }

  /** Returns all jobs to the queue, and ends. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.drain(0);
  }

  async #end(seconds: number): Promise<void> {
    this.#draining.abort();
    await this.#loop;
    const late = new AbortController();
    await Promise.race([Promise.all(this.#running), pause(1000 * seconds, late.signal)]);
    late.abort();
    this.#stop.abort();
    await Promise.all(this.#running);
    this.#hints.close();
    await this.#context.handles.close();
    // The acknowledgements must be on their way before the connection ends.
    try {
      await within(5000, "the end of the connection", this.#link.nc.drain());
    } catch (error) {
      // What NATS did not get comes again to another worker.
      this.#event({ type: "retry", step: "drain", reason: reasonOf(error) });
      await this.#link.nc.close();
    }
  }

  async #takeJobs(): Promise<void> {
    const { signal } = this.#draining;
    const backoff = new Backoff(100, 2000);
    signal.addEventListener("abort", () => this.#free?.());
    while (!signal.aborted) {
      if (this.#running.size >= this.#concurrency) {
        await this.#untilFree();
        continue;
      }
      await this.#untilAnswering(signal);
      this.#hints.clear();
      try {
        const messages = await this.#next(this.#concurrency - this.#running.size);
        backoff.reset();
        for (const message of messages) {
          if (signal.aborted) message.giveBack();
          else this.#begin(message);
        }
        if (messages.length === 0) await this.#hints.wait(idleMilliseconds, signal);
      } catch (error) {
        this.#event({ type: "retry", step: "take a job", reason: reasonOf(error) });
        await backoff.wait(signal);
        await this.#repair();
      }
    }
  }

  /** Waits while the node may not answer: jobs are for workers that can do them. */
  async #untilAnswering(signal: AbortSignal): Promise<void> {
    const { node } = this.#options;
    if (node.incomplete === undefined) return;
    this.#event({ type: "worker-paused", reason: node.incomplete });
    while (node.incomplete !== undefined && !signal.aborted) await pause(100, signal);
    if (!signal.aborted) this.#event({ type: "worker-resumed" });
  }

  /** Takes up to so many jobs that wait, those of the highest priority first. All are begun at once. */
  async #next(most: number): Promise<Delivery[]> {
    const isFair = this.#turn === fairTurn - 1;
    let left = isFair ? 1 : Math.min(most, fairTurn - 1 - this.#turn);
    const taken: Delivery[] = [];
    for (const priority of isFair ? priorities.toReversed() : priorities) {
      if (left === 0 || this.#draining.signal.aborted) break;
      try {
        const its = await pull(this.#link, this.#link.names.jobs, workersOf(priority), left);
        taken.push(...its);
        left -= its.length;
      } catch (error) {
        if (taken.length === 0) throw error;
        break;
      }
    }
    this.#turn = (this.#turn + taken.length) % fairTurn;
    return taken;
  }

  #begin(message: Delivery): void {
    const one = this.#work(message).finally(() => {
      this.#running.delete(one);
      this.#free?.();
    });
    this.#running.add(one);
  }

  /** Waits until a job has ended, or the worker takes no more. */
  async #untilFree(): Promise<void> {
    await new Promise<void>((resolve) => (this.#free = resolve));
    this.#free = undefined;
  }

  async #work(message: Delivery): Promise<void> {
    const start = performance.now();
    this.#counts[await work(this.#context, message)]++;
    this.counters.jobTimes.add((performance.now() - start) / 1000);
  }

  /** Makes the queue again where NATS has lost it. */
  async #repair(): Promise<void> {
    if (this.#draining.signal.aborted) return;
    try {
      await makeQueue(this.#link, this.#options);
    } catch (error) {
      this.#event({ type: "retry", step: "make the queue", reason: reasonOf(error) });
    }
  }
}
