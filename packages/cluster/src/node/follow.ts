/** The node's durable consumer of the stream of announcements. */
import { AckPolicy, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { reasonOf } from "../errors.js";
import type { EventListener } from "../events.js";
import { type Link, orAbsent } from "../net/link.js";
import { type Announcement, read } from "../net/messages.js";

/** An announcement that has arrived. */
export interface Heard {
  announcement: Announcement;
}

/** Returns the name of a node's consumer. */
export const consumerName = (node: string): string => `node-${node}`;

/** How long one request for announcements waits, in milliseconds. */
const waitMilliseconds = 2000;
/** After so long without an acknowledgement an announcement comes again, in nanoseconds. */
const ackWait = 30_000_000_000;
const laterMilliseconds = 250;

/** Requests announcements once, and gives each to `hear`. @throws where the stream or the consumer is not there. */
export async function followStream(
  { js, jsm, names }: Link,
  node: string,
  signal: AbortSignal,
  hear: (heard: Heard) => Promise<"done" | "later" | "refuse">,
  event: EventListener,
): Promise<void> {
  const name = consumerName(node);
  const found = await orAbsent(jsm.consumers.info(names.changes, name));
  if (found === undefined) {
    await jsm.consumers.add(names.changes, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: ackWait,
      max_ack_pending: 256,
    });
  }
  const consumer = await js.consumers.get(names.changes, name);
  while (!signal.aborted) {
    const messages = await consumer.fetch({ max_messages: 64, expires: waitMilliseconds });
    let any = false;
    for await (const message of messages) {
      any = true;
      await take(message, hear, event);
      if (signal.aborted) return;
    }
    // A consumer that was deleted gives nothing, and no error.
    if (!any) await consumer.info();
  }
}

async function take(
  message: JsMsg,
  hear: (heard: Heard) => Promise<"done" | "later" | "refuse">,
  event: EventListener,
): Promise<void> {
  let announcement: Announcement;
  try {
    announcement = read<Announcement>("announcement", message.data);
  } catch (error) {
    event({ type: "refused", reason: reasonOf(error) });
    message.term(reasonOf(error));
    return;
  }
  try {
    const result = await hear({ announcement });
    if (result === "done") message.ack();
    else if (result === "later") message.nak(laterMilliseconds);
    else message.term();
  } catch (error) {
    event({ type: "retry", step: "apply an announcement", reason: reasonOf(error) });
    message.nak(laterMilliseconds);
  }
}
