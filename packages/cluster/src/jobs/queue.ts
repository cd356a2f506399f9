/** The queue of uploads, as a platform sees it: jobs in, results and dead letters out. */
import { ClusterError, codeOf, reasonOf } from "../errors.js";
import { type EventListener, quiet } from "../events.js";
import { type Link, openLink, orAbsent } from "../net/link.js";
import { write } from "../net/messages.js";
import { checkId } from "../net/names.js";
import { Backoff } from "../net/pause.js";
import { checkJob, checkJobId, priorities, readJson, tokenOf } from "./job.js";
import type { DeadLetter, Job, JobResult, Priority } from "./job.js";
import { letterSubject, readResults, resultSubject } from "./results.js";
import { checkNumber, makeQueue, type QueueOptions, workersOf } from "./streams.js";

export interface JobQueueOptions extends QueueOptions {
  /** Whether to make what is missing of the queue. Default true; false for who only looks at it or repairs it. */
  create?: boolean;
  onEvent?: EventListener;
}

/** What is in a queue. */
export interface QueueCounts {
  /** Jobs that no worker has yet, by priority. */
  waiting: Record<Priority, number>;
  /** Jobs that a worker has, or that wait to be tried again. */
  delivered: number;
  results: number;
  deadLetters: number;
}

/** Returns whether JetStream says that the queue has no room: `10077`. */
const isFull = (error: unknown): boolean => Number(codeOf(error)) === 10_077;

const ended = (signal: AbortSignal | undefined): AbortSignal => signal ?? new AbortController().signal;

/**
 * A queue of uploads that workers hash and check.
 *
 * @example
 * const queue = await JobQueue.open({ store: "known", nats: { servers: "127.0.0.1:4222" } });
 * await queue.submit({ id: "upload-1", handle: { path: "/srv/uploads/1.jpg" } });
 * for await (const { id, decision } of queue.results("moderation")) console.log(id, decision?.action);
 */
export class JobQueue {
  readonly #link: Link;
  readonly #event: EventListener;
  readonly #closing = new AbortController();

  private constructor(link: Link, event: EventListener) {
    this.#link = link;
    this.#event = event;
  }

  /** Connects, and makes what is missing of the queue. @throws {ClusterError} `…_ARGUMENT`, `…_NATS` */
  static async open(options: JobQueueOptions): Promise<JobQueue> {
    const link = await openLink(options, "queue");
    try {
      if (options.create !== false) await makeQueue(link, options);
    } catch (error) {
      await link.nc.close();
      throw error;
    }
    return new JobQueue(link, quiet(options.onEvent));
  }

  /** The name of the store. */
  get store(): string {
    return this.#link.names.store;
  }

  /**
   * Puts a job into the queue. It resolves once the stream has it. An id that was submitted in the last two minutes is
   * a duplicate, and is not queued again. An id that has a result already gets no second one.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT`, `…_FULL`, `…_NATS`
   */
  async submit(job: Job): Promise<{ duplicate: boolean }> {
    return this.#put(checkJob(job), `job:${tokenOf(job.id)}`);
  }

  /**
   * Puts many jobs into the queue, and waits where it has no room. At most `inFlight` jobs, 256 by default, wait for
   * their acknowledgement at once. @throws as `submit`, but not `…_FULL`. It also rejects with the reason of the
   * signal.
   */
  async submitAll(
    jobs: Iterable<Job> | AsyncIterable<Job>,
    { inFlight = 256, signal }: { inFlight?: number; signal?: AbortSignal } = {},
  ): Promise<{ submitted: number; duplicates: number }> {
    checkNumber("inFlight", inFlight, 1, 65_536, true);
    const counts = { submitted: 0, duplicates: 0 };
    const running = new Set<Promise<void>>();
    const failed: unknown[] = [];
    for await (const job of jobs) {
      signal?.throwIfAborted();
      if (failed.length > 0) break;
      const one = this.#submitPatiently(job, signal)
        .then(({ duplicate }) => void counts[duplicate ? "duplicates" : "submitted"]++)
        .catch((error: unknown) => void failed.push(error))
        .finally(() => running.delete(one));
      running.add(one);
      if (running.size >= inFlight) await Promise.race(running);
    }
    await Promise.all(running);
    if (failed.length > 0) throw failed[0];
    return counts;
  }

  /**
   * Yields results as they come. Each reader, by its name, gets every result at least once. A result is acknowledged
   * when the loop takes the next one. The loop ends with the signal, or with `close`.
   */
  results(reader: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<JobResult, void, undefined> {
    checkId("the reader", reader);
    return readResults(this.#link, reader, AbortSignal.any([this.#closing.signal, ended(signal)]), this.#event);
  }

  /**
   * Calls a function with each result, one after the other, until the signal or `close` ends it. If the function
   * throws, it gets the same result again, after a pause that grows to 30 seconds.
   */
  async onResult(
    reader: string,
    work: (result: JobResult) => Promise<void> | void,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<void> {
    const until = AbortSignal.any([this.#closing.signal, ended(signal)]);
    const backoff = new Backoff(250, 30_000);
    for await (const result of this.results(reader, { signal: until })) {
      for (;;) {
        try {
          await work(result);
          backoff.reset();
          break;
        } catch (error) {
          this.#event({ type: "retry", step: `result of ${result.id}`, reason: reasonOf(error) });
          await backoff.wait(until);
          // Without an acknowledgement the result comes again to the next reader of this name.
          if (until.aborted) return;
        }
      }
    }
  }

  /** Yields the dead letters, the oldest first. */
  async *deadLetters(): AsyncGenerator<DeadLetter, void, undefined> {
    const { jsm, names } = this.#link;
    // One request for each: it is answered, or it fails, also where the stream is lost meanwhile.
    for (let seq = 1; ;) {
      const next = { seq, next_by_subj: `${names.letter}.>` };
      const found = await orAbsent(jsm.streams.getMessage(names.dead, next));
      if (!found) return;
      yield readJson("dead letter", found.data) as DeadLetter;
      seq = found.seq + 1;
    }
  }

  /**
   * Puts a dead job into the queue again. Its result, which says why it failed, is dropped first, so that it can have
   * another. What was no job can only be discarded.
   * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_UNKNOWN_JOB`, `…_FULL`, `…_NATS`
   */
  async retry(id: string): Promise<void> {
    const { jsm, names } = this.#link;
    const { seq, letter } = await this.#letter(id);
    if (letter.job === undefined) {
      const text = `Dead letter ${id} was no job, so it can only be discarded`;
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_UNKNOWN_JOB", text);
    }
    await jsm.streams.purge(names.results, { filter: resultSubject(this.#link, id) });
    await this.#put(letter.job, `retry:${seq}:${tokenOf(id)}`);
    await jsm.streams.deleteMessage(names.dead, seq);
  }

  /**
   * Removes a dead letter, with its handle. The result stays. @throws {ClusterError}
   * `ERR_EMPREINTE_CLUSTER_UNKNOWN_JOB`
   */
  async discard(id: string): Promise<void> {
    const { seq } = await this.#letter(id);
    await this.#link.jsm.streams.deleteMessage(this.#link.names.dead, seq);
  }

  /** Counts what is in the queue. */
  counts(): Promise<QueueCounts> {
    return queueCounts(this.#link);
  }

  /** Ends all readers and the connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#link.nc.close();
  }

  async #letter(id: string): Promise<{ seq: number; letter: DeadLetter }> {
    const { jsm, names } = this.#link;
    for (const job of [{ id: checkJobId(id), handle: { key: id } }, undefined]) {
      const query = { last_by_subj: letterSubject(this.#link, { id, job }) };
      const found = await orAbsent(jsm.streams.getMessage(names.dead, query));
      if (found) return { seq: found.seq, letter: readJson("dead letter", found.data) as DeadLetter };
    }
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_UNKNOWN_JOB", `There is no dead letter of ${id}`);
  }

  async #put(job: Job, msgID: string): Promise<{ duplicate: boolean }> {
    const { js, nc, names } = this.#link;
    try {
      const { duplicate } = await js.publish(`${names.job}.${job.priority ?? "normal"}`, write(job), {
        msgID,
        timeout: 5000,
      });
      nc.publish(names.jobHint);
      return { duplicate };
    } catch (error) {
      if (isFull(error)) {
        throw new ClusterError("ERR_EMPREINTE_CLUSTER_FULL", "The queue has as many jobs as it may have", {
          cause: error,
        });
      }
      if (this.#closing.signal.aborted) throw new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", "The queue is closed");
      const text = `NATS did not confirm job ${job.id}, submit it again: ${reasonOf(error)}`;
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_NATS", text, { cause: error });
    }
  }

  async #submitPatiently(job: Job, signal: AbortSignal | undefined): Promise<{ duplicate: boolean }> {
    const backoff = new Backoff(50, 2000);
    for (;;) {
      try {
        return await this.submit(job);
      } catch (error) {
        if (codeOf(error) !== "ERR_EMPREINTE_CLUSTER_FULL") throw error;
        await backoff.wait(ended(signal));
        signal?.throwIfAborted();
      }
    }
  }
}

/** Counts what is in the queue of a store, or returns zeros where there is none. */
export async function queueCounts({ jsm, names }: Link): Promise<QueueCounts> {
  const counts: QueueCounts = { waiting: { high: 0, normal: 0, low: 0 }, delivered: 0, results: 0, deadLetters: 0 };
  for (const priority of priorities) {
    const info = await orAbsent(jsm.consumers.info(names.jobs, workersOf(priority)));
    counts.waiting[priority] = info?.num_pending ?? 0;
    counts.delivered += info?.num_ack_pending ?? 0;
  }
  counts.results = (await orAbsent(jsm.streams.info(names.results)))?.state.messages ?? 0;
  counts.deadLetters = (await orAbsent(jsm.streams.info(names.dead)))?.state.messages ?? 0;
  return counts;
}
