/** From what analysts say of a source's entries to the outbox. */
import type { BankStore, Qualification } from "empreinte/bank";
import type { Verdict } from "../clients/client.js";
import type { Environment } from "../environment.js";
import { type OutboxItem, outboxOf, removeItem, writeItem } from "./outbox.js";

const cursorName = (bank: string, source: string): string => `exchange/feedback/${bank}/${source}`;

/**
 * Returns the verdict that a qualification has. An analyst who found that no label applies says that the content is not
 * what the entry says; one whose only label is `verdict:pending` has not decided, and `verdict:none` takes back what
 * was said.
 */
function verdictOf({ labels }: Qualification): Verdict {
  if (labels.length === 0) return "not-blocked";
  const only = (verdict: string): boolean =>
    labels.every(({ scheme, code }) => scheme === "verdict" && code === verdict);
  if (only("pending")) return "pending";
  return only("none") ? "none" : "blocked";
}

/**
 * Writes what was said since the last call into the outbox. Only the newest word about an entry counts. An item whose
 * verdict has been sent already stays as it is.
 * @returns how many items became pending.
 */
export function collectFeedback(
  store: BankStore,
  { bank, source }: { bank: string; source: string },
  { now }: Pick<Environment, "now">,
): number {
  const from = { bank, source };
  const name = cursorName(from.bank, from.source);
  const since = Number(store.memos(name).find((memo) => memo.name === name)?.text ?? 0);
  const { revision } = store;
  const there = new Map(outboxOf(store, from).map((item) => [`${item.kind} ${item.entryNumber}`, item]));
  const entries = qualifiedSince(store, since, revision);
  let pending = 0;
  for (const entryNumber of entries) {
    const entry = store.entry({ entryNumber });
    if (entry?.bank !== from.bank || entry.source !== from.source) continue;
    const newest = store.qualifications({ entryNumber }).at(-1);
    if (newest === undefined) continue;
    const before = there.get(`feedback ${entryNumber}`);
    const verdict = verdictOf(newest);
    if (before?.kind === "feedback" && before.verdict === verdict && before.state !== "refused") continue;
    if (verdict === "none" && (before === undefined || before.tries === 0)) {
      // The exchange has heard nothing.
      if (before !== undefined) removeItem(store, before);
      continue;
    }
    const item: OutboxItem = {
      ...from,
      kind: "feedback",
      entryNumber,
      qualification: newest.number,
      verdict,
      state: "pending",
      since: now(),
      tries: 0,
    };
    writeItem(store, item);
    pending++;
  }
  store.writeMemo(name, String(revision));
  return pending;
}

/** How many revisions are read at a time: one of an import may have thousands of entries. */
const step = 16;

function qualifiedSince(store: BankStore, since: number, until: number): Set<number> {
  const entries = new Set<number>();
  for (let at = since; at < until;) {
    const some = store.changes(at, { limit: step });
    for (const { kind, entryNumber } of some) {
      if (kind === "qualified" && entryNumber !== undefined) entries.add(entryNumber);
    }
    at = Math.max(at + 1, some.at(-1)?.revision ?? until);
  }
  return entries;
}
