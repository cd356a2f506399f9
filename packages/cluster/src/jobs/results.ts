/** What became of jobs: one result for each id, and a dead letter where there is no decision. */
import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { codeOf, reasonOf } from "../errors.js";
import type { EventListener } from "../events.js";
import { type Link, orAbsent } from "../net/link.js";
import { write } from "../net/messages.js";
import { Backoff } from "../net/pause.js";
import type { Delivery } from "./delivery.js";
import { type DeadLetter, type JobResult, readResult, tokenOf } from "./job.js";
import { Hints, pull } from "./streams.js";

/** How long a reader may take for one result without a sign of life, in nanoseconds. */
const ackWait = 30_000_000_000;
const idleMilliseconds = 1000;

/** Returns the subject of a job's result. */
export const resultSubject = ({ names }: Pick<Link, "names">, id: string): string => `${names.result}.${tokenOf(id)}`;

/** The subject of a dead letter. A message that was no job has no id of its own. */
export const letterSubject = ({ names }: Pick<Link, "names">, { id, job }: Pick<DeadLetter, "id" | "job">): string =>
  job === undefined ? `${names.letter}.malformed.${tokenOf(id)}` : `${names.letter}.${tokenOf(id)}`;

/** Stores a result. Returns false if the job has one already. @throws where NATS does not take it. */
export async function storeResult(link: Link, result: JobResult): Promise<boolean> {
  const { js, nc, names } = link;
  try {
    // The subject must have no message yet, so that a second worker cannot store another result.
    await js.publish(resultSubject(link, result.id), write(result), {
      expect: { lastSubjectSequence: 0 },
      timeout: 2000,
    });
  } catch (error) {
    if ([10071, 10164].includes(Number(codeOf(error)))) return false;
    throw error;
  }
  nc.publish(names.resultHint);
  return true;
}

/** Returns whether a job has a result. */
export async function hasResult(link: Link, id: string): Promise<boolean> {
  const query = { last_by_subj: resultSubject(link, id) };
  return Boolean(await orAbsent(link.jsm.streams.getMessage(link.names.results, query)));
}

/** Stores a dead letter. A later one of the same job replaces it. */
export async function storeLetter(link: Link, letter: DeadLetter): Promise<void> {
  await link.js.publish(letterSubject(link, letter), write(letter), { timeout: 2000 });
}

/**
 * Yields results as they come, and those that a reader of this name has not had. A result is acknowledged when the loop
 * asks for the next one. If the loop ends before, or the process does, the result comes again.
 */
export async function* readResults(
  link: Link,
  reader: string,
  signal: AbortSignal,
  event: EventListener,
): AsyncGenerator<JobResult, void, undefined> {
  const { nc, names } = link;
  const hints = new Hints(nc, names.resultHint);
  const backoff = new Backoff(100, 2000);
  const consumer = `results-${reader}`;
  let message: Delivery | undefined;
  try {
    // NATS does not answer a request to a consumer that is not there.
    await makeReader(link, consumer, event);
    while (!signal.aborted) {
      hints.clear();
      try {
        [message] = await pull(link, names.results, consumer, 1);
        backoff.reset();
      } catch (error) {
        await makeReader(link, consumer, event);
        if (link.nc.isClosed()) return;
        event({ type: "retry", step: "results", reason: reasonOf(error) });
        await backoff.wait(signal);
        continue;
      }
      if (message === undefined) {
        await hints.wait(idleMilliseconds, signal);
        continue;
      }
      const result = parse(message, event);
      if (result === undefined) continue;
      const alive = setInterval(() => message?.working(), ackWait / 3e6);
      try {
        yield result;
      } finally {
        clearInterval(alive);
      }
      message.ack();
      message = undefined;
    }
  } finally {
    hints.close();
    // The loop has ended with a result in hand.
    message?.giveBack();
  }
}

function parse(message: Delivery, event: EventListener): JobResult | undefined {
  try {
    return readResult(message.data);
  } catch (error) {
    event({ type: "refused", reason: reasonOf(error) });
    message.drop();
    return undefined;
  }
}

/** Makes the durable consumer of a reader. What it cannot make, the next attempt makes. */
async function makeReader({ jsm, names }: Link, consumer: string, event: EventListener): Promise<void> {
  try {
    if ((await orAbsent(jsm.consumers.info(names.results, consumer))) !== undefined) return;
    await jsm.consumers.add(names.results, {
      durable_name: consumer,
      filter_subject: `${names.result}.*`,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: ackWait,
    });
  } catch (error) {
    event({ type: "retry", step: "reader of results", reason: reasonOf(error) });
  }
}
