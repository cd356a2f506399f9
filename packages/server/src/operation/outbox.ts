/** Webhooks by the Standard Webhooks specification, kept in the state until their receiver has them. */
import { createHmac, randomBytes } from "node:crypto";
import type { Fetcher } from "empreinte-fetch";
import { actingAs } from "../core/actor.js";
import type { State } from "../core/state.js";
import { notFound } from "../core/errors.js";
import type { Metrics } from "./metrics.js";

export const webhookEvents = [
  "match.block",
  "match.review",
  "withdrawal.done",
  "source.stale",
  "bank.flooded",
  "review.decided",
  "review.disputed",
] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

export interface Webhook {
  id: string;
  url: string;
  events: WebhookEvent[];
  /** The time of creation in ISO 8601. */
  created: string;
}

/** Seconds until the next try: from seconds to half a day, so that a receiver may be down for two days. */
const pauses = [5, 30, 120, 600, 1800, 3600, 3600 * 3, 3600 * 6, 3600 * 12, 3600 * 12, 3600 * 12];
const leaseSeconds = 60;
/**
 * Which message is due at a time. One whose wait is longer than the pause of its attempts was written before the clock
 * was set back.
 */
const due = `SELECT id FROM outbox WHERE dead = 0 AND (leased <= ?1 OR leased > ?1 + ${1000 * leaseSeconds})
  AND (next <= ?1 OR next > ?1 + CASE attempts ${pauses.map((pause, i) => `WHEN ${i + 1} THEN ${1000 * pause}`).join(" ")} ELSE 0 END)
  ORDER BY next LIMIT 1`;
const keptDays = 30;

/** Returns the signature of a message: HMAC-SHA256 of its id, its time and its body. */
export function webhookSignature(secret: Uint8Array, id: string, seconds: number, body: string): string {
  const mac = createHmac("sha256", secret).update(`${id}.${seconds}.${body}`).digest("base64");
  return `v1,${mac}`;
}

export const secretText = (secret: Uint8Array): string => `whsec_${Buffer.from(secret).toString("base64")}`;

type Row = [id: string, url: string, secret: Buffer, body: string, attempts: number];

/** The webhooks of a service and what is to be sent to them. */
export class Outbox {
  readonly #state: State;
  readonly #fetcher: Fetcher;
  readonly #metrics: Metrics;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(state: State, fetcher: Fetcher, metrics: Metrics, now: () => number) {
    this.#state = state;
    this.#fetcher = fetcher;
    this.#metrics = metrics;
    this.#now = now;
  }

  /** Registers a receiver. Its secret is returned only once. */
  create(url: string, events: readonly WebhookEvent[]): { webhook: Webhook; secret: string } {
    const id = `wh_${randomBytes(8).toString("hex")}`;
    const secret = randomBytes(32);
    const values = [id, url, secret, JSON.stringify([...new Set(events)]), this.#now()];
    this.#state.run("INSERT INTO webhook (id, url, secret, events, created) VALUES (?, ?, ?, ?, ?)", ...values);
    return { webhook: this.list().find((webhook) => webhook.id === id)!, secret: secretText(secret) };
  }

  list(): Webhook[] {
    const sql = "SELECT id, url, events, created FROM webhook ORDER BY created, id";
    return this.#state.all<[string, string, string, number]>(sql).map(([id, url, events, created]) => {
      return { id, url, events: JSON.parse(events) as WebhookEvent[], created: new Date(created).toISOString() };
    });
  }

  /** @throws {ServiceError} 404 */
  remove(id: string): void {
    this.#state.transaction(() => {
      if (this.#state.run("DELETE FROM webhook WHERE id = ?", id) === 0) throw notFound(`There is no webhook ${id}`);
      this.#state.run("DELETE FROM outbox WHERE webhook = ?", id);
    });
  }

  /** What was read last, which holds until the state changes. Every match asks for it. */
  #read: { version: string; receivers: [id: string, events: string[]][] } | undefined;

  #receivers(): [id: string, events: string[]][] {
    const { version } = this.#state;
    if (this.#read?.version === version) return this.#read.receivers;
    const rows = this.#state.all<[string, string]>("SELECT id, events FROM webhook");
    const receivers = rows.map(([id, events]): [string, string[]] => [id, JSON.parse(events) as string[]]);
    this.#read = { version, receivers };
    return receivers;
  }

  /** Writes an event down for every receiver of it. `data` has no hash, no case and no media. */
  add(event: WebhookEvent, data: object): void {
    const receivers = this.#receivers().filter(([, events]) => events.includes(event));
    if (receivers.length === 0) return;
    const now = this.#now();
    const body = JSON.stringify({ type: event, timestamp: new Date(now).toISOString(), data });
    this.#state.transaction(() => {
      for (const [webhook] of receivers) {
        const values = [`msg_${randomBytes(12).toString("hex")}`, webhook, event, body, now, 0, now, 0, 0, null];
        this.#state.run("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...values);
      }
    });
    this.#wake(0);
  }

  /** Returns the messages that no receiver took in two days. */
  dead(): { id: string; webhook: string; event: string; attempts: number; error: string; created: string }[] {
    const sql =
      "SELECT id, webhook, event, attempts, error, created FROM outbox WHERE dead = 1 ORDER BY created LIMIT 1000";
    return this.#state
      .all<[string, string, string, number, string | null, number]>(sql)
      .map(([id, webhook, event, attempts, error, created]) => {
        return { id, webhook, event, attempts, error: error ?? "", created: new Date(created).toISOString() };
      });
  }

  /** Tries the dead messages of a receiver again. Returns how many there are. */
  retry(webhook: string): number {
    const sql = "UPDATE outbox SET dead = 0, attempts = 0, next = ? WHERE webhook = ? AND dead = 1";
    const count = this.#state.run(sql, this.#now(), webhook);
    this.#wake(0);
    return count;
  }

  #started = false;
  #onError: (error: unknown) => void = () => undefined;

  start(onError: (error: unknown) => void): void {
    this.#started = true;
    this.#onError = onError;
    this.#wake(0);
  }

  #wake(milliseconds: number): void {
    if (!this.#started) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#sending ??= actingAs("webhooks", () => this.send())
        .catch(this.#onError)
        .finally(() => {
          this.#sending = undefined;
          // Another process may have written something, and what failed is due again.
          this.#wake(1000);
        });
    }, milliseconds).unref();
  }

  /** Sends what is due. One process at a time has a message. */
  async send(): Promise<void> {
    for (;;) {
      const row = this.#lease();
      if (row === undefined) break;
      // One after the other: the receivers are few, and order helps them.
      await this.#deliver(row);
    }
    this.#state.run("DELETE FROM outbox WHERE dead = 1 AND created < ?", this.#now() - keptDays * 86_400_000);
  }

  #lease(): Row | undefined {
    const now = this.#now();
    if (this.#state.get(due, now) === undefined) return undefined;
    return this.#state.transaction(() => {
      const found = this.#state.get<[string]>(due, now);
      if (found === undefined) return undefined;
      this.#state.run("UPDATE outbox SET leased = ? WHERE id = ?", now + leaseSeconds * 1000, found[0]);
      const sql = `SELECT outbox.id, url, secret, body, attempts FROM outbox JOIN webhook ON webhook.id = webhook
        WHERE outbox.id = ?`;
      return this.#state.get<Row>(sql, found[0]);
    });
  }

  async #deliver([id, url, secret, body, attempts]: Row): Promise<void> {
    const problem = await this.#post(id, url, secret, body);
    this.#metrics.webhooks.add({ result: problem === undefined ? "delivered" : "failed" });
    if (problem === undefined) {
      this.#state.run("DELETE FROM outbox WHERE id = ?", id);
      return;
    }
    const pause = pauses[attempts];
    const next = this.#now() + (pause ?? 0) * 1000;
    const sql = "UPDATE outbox SET attempts = ?, next = ?, leased = 0, dead = ?, error = ? WHERE id = ?";
    this.#state.run(sql, attempts + 1, next, pause === undefined ? 1 : 0, problem, id);
  }

  /** Sends one message. Returns why it was not taken, or undefined. */
  async #post(id: string, url: string, secret: Buffer, body: string): Promise<string | undefined> {
    const seconds = Math.floor(this.#now() / 1000);
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(seconds),
      "webhook-signature": webhookSignature(secret, id, seconds, body),
    };
    try {
      const options = {
        method: "POST",
        headers,
        body,
        deadlineSeconds: 20,
        maxBytes: 65_536,
        maxRedirects: 0,
      } as const;
      const response = await this.#fetcher.fetch(url, options);
      response.discard();
      return response.status >= 200 && response.status < 300 ? undefined : `status ${response.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async stop(): Promise<void> {
    this.#started = false;
    clearTimeout(this.#timer);
    await this.#sending;
  }
}
