/** Withdrawals and erasures, including the service's own data about the entries. */
import type { Removal, Selection } from "empreinte/bank";
import { Notes } from "../hma/metadata.js";
import type { Service } from "./service.js";

/** Removes entries, counts how long it took, and tells the receivers of webhooks. */
export async function removeEntries(
  service: Service,
  kind: "withdraw" | "erase",
  selection: Selection,
): Promise<Removal> {
  const { store, metrics, outbox, state } = service;
  const removal = await (kind === "withdraw" ? store.withdraw(selection) : store.erase(selection));
  metrics.withdrawals.observe(removal.stoppedAfter / 1000);
  if (removal.entries > 0) {
    removeStaleNotes(service, new Notes(state));
    const { revision, entries, signals, stoppedAfter, goneAfter } = removal;
    const values = [service.now(), kind, entries, stoppedAfter, goneAfter ?? stoppedAfter];
    state.run("INSERT INTO removal (time, kind, entries, stopped, gone) VALUES (?, ?, ?, ?, ?)", ...values);
    outbox.add("withdrawal.done", { kind, revision, entries, signals, stoppedAfter, goneAfter });
  }
  return removal;
}

/** Removes the notes of entries that the store no longer has, whoever withdrew them. */
export function removeStaleNotes({ store }: Service, notes: Notes): void {
  const gone = notes.entries().filter((entryNumber) => {
    const entry = store.entry({ entryNumber });
    return entry === undefined || entry.status === "withdrawn";
  });
  notes.remove(gone);
}
