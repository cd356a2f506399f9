/** The streams of jobs, results and dead letters, and the consumers that all workers share. */
import { AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { createInbox, type Msg, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { ClusterError } from "../errors.js";
import { type Link, type LinkOptions, orAbsent } from "../net/link.js";
import { pause } from "../net/pause.js";
import { Delivery } from "./delivery.js";
import { priorities, type Priority } from "./job.js";

/** How a queue is made. Whoever opens it first decides: later openers use it as it is. */
export interface QueueOptions extends LinkOptions {
  /** The most jobs that wait or are being done, 1 … 1,000,000,000. `submit` refuses more. Default 1,000,000. */
  maxJobs?: number;
  /** After so many seconds without a sign of life of its worker, a job goes to another, 1 … 3,600. Default 30. */
  ackSeconds?: number;
  /** How long a result is kept, in hours, 0.01 … 87,600. What nobody has read by then is lost. Default 168, a week. */
  resultHours?: number;
}

const nanoseconds = (seconds: number): number => Math.round(seconds * 1e9);

/** Checks a number. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` */
export function checkNumber(name: string, value: unknown, least: number, most: number, whole = false): number {
  if (typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const text = `Expected ${whole ? "an integer" : "a number"} from ${least} to ${most} for ${name}`;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", text);
}

/** The consumer of a priority. */
export const workersOf = (priority: Priority): string => `workers-${priority}`;

/** Checks the options of a queue. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` */
export function checkQueue(
  options: QueueOptions,
): Required<Pick<QueueOptions, "maxJobs" | "ackSeconds" | "resultHours">> {
  return {
    maxJobs: checkNumber("maxJobs", options.maxJobs ?? 1_000_000, 1, 1e9, true),
    ackSeconds: checkNumber("ackSeconds", options.ackSeconds ?? 30, 1, 3600),
    resultHours: checkNumber("resultHours", options.resultHours ?? 168, 0.01, 87_600),
  };
}

/** Makes what is missing of the queue. Jobs that were lost with their stream do not come back. */
export async function makeQueue({ jsm, names, replicas }: Link, options: QueueOptions): Promise<void> {
  const { maxJobs, ackSeconds, resultHours } = checkQueue(options);
  const shared = { storage: StorageType.File, num_replicas: replicas };
  if ((await orAbsent(jsm.streams.info(names.jobs))) === undefined) {
    await jsm.streams.add({
      ...shared,
      name: names.jobs,
      subjects: [`${names.job}.*`],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      max_msgs: maxJobs,
      duplicate_window: nanoseconds(120),
    });
  }
  if ((await orAbsent(jsm.streams.info(names.results))) === undefined) {
    await jsm.streams.add({
      ...shared,
      name: names.results,
      subjects: [`${names.result}.*`],
      retention: RetentionPolicy.Limits,
      max_age: nanoseconds(3600 * resultHours),
      duplicate_window: nanoseconds(Math.min(120, 3600 * resultHours)),
    });
  }
  if ((await orAbsent(jsm.streams.info(names.dead))) === undefined) {
    await jsm.streams.add({
      ...shared,
      name: names.dead,
      subjects: [`${names.letter}.>`],
      retention: RetentionPolicy.Limits,
      max_msgs_per_subject: 1,
    });
  }
  for (const priority of priorities) {
    const name = workersOf(priority);
    if ((await orAbsent(jsm.consumers.info(names.jobs, name))) !== undefined) continue;
    await jsm.consumers.add(names.jobs, {
      durable_name: name,
      filter_subject: `${names.job}.${priority}`,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanoseconds(ackSeconds),
      // A worker counts deliveries and writes dead letters. NATS alone would only stop delivering.
      max_deliver: -1,
      max_ack_pending: 65_536,
    });
  }
}

/** After so many milliseconds without a word NATS has lost the request. */
const pullMilliseconds = 2000;

/**
 * Takes up to so many messages that wait, and does not wait for more. @throws where the consumer is not there, and none
 * has come.
 */
export async function pull(
  { nc, inboxPrefix }: Link,
  stream: string,
  consumer: string,
  count: number,
): Promise<Delivery[]> {
  const inbox = createInbox(inboxPrefix);
  const taken: Delivery[] = [];
  await new Promise<void>((resolve, reject) => {
    const end = (error?: unknown): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      if (error === undefined || taken.length > 0) resolve();
      else reject(error as Error);
    };
    const take = (message: Msg): void => {
      const code = message.headers?.code ?? 0;
      if (code === 0) taken.push(new Delivery(message));
      if (taken.length === count) end();
      // 404: nothing waits; 408: no more waits, or what waited went to another.
      else if (code === 404 || code === 408) end();
      else if (code !== 0)
        end(new Error(`NATS gives no message: ${code} ${message.headers?.description ?? ""}`.trimEnd()));
    };
    const subscription = nc.subscribe(inbox, {
      callback: (error, message) => {
        try {
          if (error !== null) throw error;
          take(message);
        } catch (failure) {
          end(failure);
        }
      },
    });
    const timer = setTimeout(() => end(new Error("NATS gives no message: no answer")), pullMilliseconds);
    const request = JSON.stringify({ batch: count, no_wait: true });
    try {
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, request, { reply: inbox });
    } catch (error) {
      end(error);
    }
  });
  return taken;
}

/** Waits for hints that something is in a stream. A hint may be lost, so nobody waits for one alone. */
export class Hints {
  readonly #subscription: Subscription;
  #heard = false;
  #wake: (() => void) | undefined;

  constructor(nc: NatsConnection, subject: string) {
    this.#subscription = nc.subscribe(subject, {
      callback: () => {
        this.#heard = true;
        this.#wake?.();
      },
    });
  }

  /** Forgets earlier hints. Call it before looking at the stream. */
  clear(): void {
    this.#heard = false;
  }

  /** Waits for a hint, at most so many milliseconds. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#heard) return;
    const heard = new AbortController();
    this.#wake = (): void => heard.abort();
    await pause(milliseconds, AbortSignal.any([signal, heard.signal]));
    this.#wake = undefined;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }
}
