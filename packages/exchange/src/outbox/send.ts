/** Sending what is in the outbox. */
import type { BankStore } from "empreinte/bank";
import type { ExchangeClient, FeedbackEntry, Verdict } from "../clients/client.js";
import type { Environment } from "../environment.js";
import { codeOf, ExchangeError, sentence } from "../errors.js";
import { type OutboxItem, outboxOf, writeItem } from "./outbox.js";

export interface SendOptions {
  environment: Pick<Environment, "now">;
  /** Sends nothing, and answers what would be sent. */
  dryRun?: boolean;
  /** Ends the sending between two items. */
  stop?: AbortSignal;
}

/** How many items there are in each state afterwards, and what was, or would be, sent. */
export interface SendResult {
  pending: number;
  sent: number;
  refused: number;
  /** The entries by number, each with what is said of it. */
  items: { entryNumber: number; what: Verdict | "submit" }[];
}

/** The codes of failures that end by themselves. */
const passing = new Set(["ERR_EMPREINTE_EXCHANGE_UNAVAILABLE", "ERR_EMPREINTE_EXCHANGE_DENIED"]);

/**
 * Sends the pending items of a source. An item is sent at least once: a process that is killed after an answer sends it
 * again, which changes nothing at the exchange. While the exchange cannot be reached, items stay pending.
 */
export async function sendOutbox(
  store: BankStore,
  from: { bank: string; source: string },
  client: ExchangeClient,
  { environment, dryRun = false, stop }: SendOptions,
): Promise<SendResult> {
  const result: SendResult = { pending: 0, sent: 0, refused: 0, items: [] };
  let reachable = true;
  for (const item of outboxOf(store, from)) {
    let now = item;
    if (item.state === "pending" && reachable && !stop?.aborted) {
      result.items.push({ entryNumber: item.entryNumber, what: item.kind === "feedback" ? item.verdict : "submit" });
      if (!dryRun) {
        now = await sendOne(store, item, client, environment.now());
        writeItem(store, now);
        reachable = now.state !== "pending";
      }
    }
    result[now.state]++;
  }
  return result;
}

async function sendOne(store: BankStore, item: OutboxItem, client: ExchangeClient, now: number): Promise<OutboxItem> {
  const tried: OutboxItem = { ...item, triedAt: now, tries: item.tries + 1 };
  delete tried.reason;
  try {
    const entry = store.entry({ entryNumber: item.entryNumber });
    if (entry === undefined || entry.status === "withdrawn") throw refusal("the entry is withdrawn");
    if (item.kind === "feedback") await feedback(client, entry, item.verdict);
    else await submit(client, entry);
    return { ...tried, state: "sent" };
  } catch (error) {
    return { ...tried, state: passing.has(codeOf(error)) ? "pending" : "refused", reason: sentence(error) };
  }
}

const refusal = (reason: string): ExchangeError => new ExchangeError("ERR_EMPREINTE_INVALID_ARGUMENT", reason);

async function feedback(client: ExchangeClient, entry: FeedbackEntry, verdict: Verdict): Promise<void> {
  if (client.sendFeedback === undefined) throw refusal(`${client.name} takes no feedback from here`);
  await client.sendFeedback(entry, verdict);
}

async function submit(client: ExchangeClient, entry: FeedbackEntry): Promise<void> {
  if (client.submit === undefined) throw refusal(`${client.name} takes no entries from here`);
  await client.submit(entry);
}

/** Puts the active entries of a source of ours into the outbox of an exchange, unless they are there. Answers how many. */
export function collectSubmissions(
  store: BankStore,
  own: { bank: string; source: string },
  { bank, source }: { bank: string; source: string },
  { now }: Pick<Environment, "now">,
): number {
  const to = { bank, source };
  const there = new Set(outboxOf(store, to).flatMap((item) => (item.kind === "submit" ? [item.entryNumber] : [])));
  let pending = 0;
  for (const { entryNumber, signals } of store.entries({ ...own, status: "active" })) {
    if (there.has(entryNumber) || !signals.some(({ type }) => type === "pdq")) continue;
    writeItem(store, { ...to, kind: "submit", entryNumber, state: "pending", since: now(), tries: 0 });
    pending++;
  }
  return pending;
}
