/** Sending what is in the outbox. */
import type { BankStore } from "empreinte/bank";
import type { ExchangeClient, FeedbackEntry, Verdict } from "../clients/client.js";
import type { Environment } from "../environment.js";
import { codeOf, ExchangeError, sentence } from "../errors.js";
import { type OutboxItem, outboxOf, writeItem } from "./outbox.js";

export interface SendOptions {
  environment: Pick<Environment, "now">;
  /** Sends nothing, and returns what would be sent. */
  dryRun?: boolean;
  /** Sends only what is of these kinds. Default: all. */
  only?: readonly OutboxItem["kind"][];
  /** Ends the sending between two items. */
  stop?: AbortSignal;
}

/** How many items there are in each state afterwards, and what was, or would be, sent. */
export interface SendResult {
  pending: number;
  sent: number;
  refused: number;
  /** The entries by number, each with what is said of it. */
  items: { entryNumber: number; what: Verdict | "submit" | "retract" }[];
}

/** The codes of failures that end by themselves. */
const passing = new Set(["ERR_EMPREINTE_EXCHANGE_UNAVAILABLE", "ERR_EMPREINTE_EXCHANGE_DENIED"]);

/** What is gone is taken back first: a new entry may be what the exchange calls by the same name. */
const order: Readonly<Record<OutboxItem["kind"], number>> = { retract: 0, submit: 1, feedback: 2 };

/**
 * Sends the pending items of a source. An item is sent at least once: a process that is killed after an answer sends it
 * again, which changes nothing at the exchange. While the exchange cannot be reached, items stay pending.
 */
export async function sendOutbox(
  store: BankStore,
  from: { bank: string; source: string },
  client: ExchangeClient,
  { environment, dryRun = false, only, stop }: SendOptions,
): Promise<SendResult> {
  const result: SendResult = { pending: 0, sent: 0, refused: 0, items: [] };
  let reachable = true;
  const items = outboxOf(store, from).filter(({ kind }) => only?.includes(kind) ?? true);
  for (const item of items.toSorted((a, b) => order[a.kind] - order[b.kind])) {
    let now = item;
    if (item.state === "pending" && reachable && !stop?.aborted) {
      result.items.push({ entryNumber: item.entryNumber, what: item.kind === "feedback" ? item.verdict : item.kind });
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
    if (tried.kind === "retract") {
      await retract(client, tried.remote);
      return { ...tried, state: "sent" };
    }
    const entry = store.entry({ entryNumber: item.entryNumber });
    if (entry === undefined || entry.status === "withdrawn") throw refusal("the entry is withdrawn");
    if (tried.kind === "feedback") {
      await feedback(client, entry, tried.verdict);
      return { ...tried, state: "sent" };
    }
    // A process that is killed now must not forget that the exchange may have it.
    writeItem(store, tried);
    const remote = await submit(client, entry);
    return { ...tried, state: "sent", ...(remote !== undefined && { remote }) };
  } catch (error) {
    return { ...tried, state: passing.has(codeOf(error)) ? "pending" : "refused", reason: sentence(error) };
  }
}

const refusal = (reason: string): ExchangeError => new ExchangeError("ERR_EMPREINTE_INVALID_ARGUMENT", reason);

async function feedback(client: ExchangeClient, entry: FeedbackEntry, verdict: Verdict): Promise<void> {
  if (client.sendFeedback === undefined) throw refusal(`${client.name} takes no feedback from here`);
  await client.sendFeedback(entry, verdict);
}

async function submit(client: ExchangeClient, entry: FeedbackEntry): Promise<string | undefined> {
  if (client.submit === undefined) throw refusal(`${client.name} takes no entries from here`);
  return client.submit(entry);
}

async function retract(client: ExchangeClient, remote: string | undefined): Promise<void> {
  if (client.retract === undefined || remote === undefined) {
    throw refusal(`${client.name} takes nothing back from here; tell it in another way`);
  }
  await client.retract(remote);
}
