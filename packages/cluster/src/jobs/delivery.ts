/**
 * One message of a pull consumer. The client library makes such messages only from requests that wait at least a
 * second. A queue with priorities must see at once that nothing waits, so this reads the reply subject, and answers to
 * it, by itself.
 */
import type { Msg } from "@nats-io/transport-node";
import { ClusterError } from "../errors.js";

/** A delivered message, which is acknowledged once. */
export class Delivery {
  readonly data: Uint8Array;
  /** How often it was delivered, this time included. */
  readonly deliveries: number;
  /** Its number in the stream. */
  readonly sequence: number;
  readonly #message: Msg;
  #answered = false;

  /** @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` if it is no message of a consumer. */
  constructor(message: Msg) {
    const parts = (message.reply ?? "").split(".");
    // $JS.ACK.stream.consumer.deliveries.sequence…, or with the domain and the account after ACK.
    const at = parts.length === 9 ? 4 : 6;
    const [deliveries, sequence] = [Number(parts[at]), Number(parts[at + 1])];
    if (parts[1] !== "ACK" || !Number.isSafeInteger(deliveries) || !Number.isSafeInteger(sequence)) {
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", "A message does not come from a consumer");
    }
    [this.#message, this.data, this.deliveries, this.sequence] = [message, message.data, deliveries, sequence];
  }

  /** Says that the work goes on, so that nobody else gets the message. */
  working(): void {
    if (!this.#answered) this.#send("+WPI");
  }

  /** Takes the message out of the queue: it is done. */
  ack(): void {
    this.#answer("+ACK");
  }

  /** Takes the message out of the queue: it never comes again. */
  drop(): void {
    this.#answer("+TERM");
  }

  /** Gives the message back, for a delivery after so many milliseconds. */
  giveBack(milliseconds = 0): void {
    this.#answer(milliseconds === 0 ? "-NAK" : `-NAK ${JSON.stringify({ delay: Math.round(1e6 * milliseconds) })}`);
  }

  #answer(text: string): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#send(text);
  }

  #send(text: string): void {
    try {
      this.#message.respond(text);
    } catch {
      // The connection is closed for good. NATS hears nothing more from here, and gives the message to another.
    }
  }
}
