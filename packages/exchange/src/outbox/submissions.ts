/** Entries of ours in an exchange: what should be there, and what should be there no longer. */
import type { BankStore } from "empreinte/bank";
import type { Environment } from "../environment.js";
import { type OutboxItem, outboxOf, writeItem } from "./outbox.js";

/**
 * Puts the active entries of a source of ours into the outbox of an exchange, unless they are there. Returns how many.
 */
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

type Submission = Extract<OutboxItem, { kind: "submit" | "retract" }>;

const namesOf = ({ remote }: Pick<Submission, "remote">): string[] => remote?.split(",") ?? [];

/**
 * Puts what was submitted, and is withdrawn or erased since, into the outbox to be taken back. What another entry of
 * ours that is still there has the same name for, stays. Returns how many items became pending.
 */
export function collectRetractions(
  store: BankStore,
  { bank, source }: { bank: string; source: string },
  { now }: Pick<Environment, "now">,
): number {
  const to = { bank, source };
  const items = outboxOf(store, to).filter((item): item is Submission & OutboxItem => item.kind !== "feedback");
  const before = new Map(items.flatMap((item) => (item.kind === "retract" ? [[item.entryNumber, item]] : [])));
  const kept = new Set<string>();
  const gone: typeof items = [];
  for (const item of items) {
    if (item.kind !== "submit") continue;
    const status = store.entry({ entryNumber: item.entryNumber })?.status ?? "withdrawn";
    if (status === "withdrawn") gone.push(item);
    else for (const name of namesOf(item)) kept.add(name);
  }
  let pending = 0;
  for (const item of gone) {
    const { entryNumber, state, tries, remote } = item;
    const common = { ...to, kind: "retract" as const, entryNumber, since: now(), tries: 0 };
    const there = before.get(entryNumber);
    if (state === "sent" && remote !== undefined) {
      const taken = new Set(there === undefined ? [] : namesOf(there));
      const names = namesOf(item).filter((name) => !kept.has(name) && !taken.has(name));
      if (names.length === 0) continue;
      writeItem(store, { ...common, remote: names.join(","), state: "pending" });
      pending++;
    } else if (there !== undefined) continue;
    else if (state === "sent") {
      writeItem(store, { ...common, state: "pending" });
      pending++;
    } else if (state === "pending" && tries > 0) {
      const reason = "it may have been submitted without an answer, and its name there is not known";
      writeItem(store, { ...common, state: "refused", reason });
    }
  }
  return pending;
}
