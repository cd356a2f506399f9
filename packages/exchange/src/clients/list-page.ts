/** From the bytes of a page to what a bank imports. */
import type { EntryInput } from "empreinte/bank";
import { type EntryList, type ListEntry, type ListFormat, type ListProblem, openList } from "empreinte/lists";
import { badPage, codeOf, sentence } from "../errors.js";
import type { PageOptions } from "./client.js";

/** What an entry becomes, where a client knows more of its status than the format says. */
type Status = (entry: ListEntry) => {
  status: NonNullable<EntryInput["status"]>;
  unknown?: string;
};

export interface ListPageOptions extends Pick<PageOptions, "signal" | "note"> {
  /** How errors call the exchange. */
  exchange: string;
  format?: ListFormat;
  statusOf?: Status;
}

/** A page that is being read. Its list has `page` when the entries have ended. */
export interface OpenPage {
  list: EntryList;
  entries: AsyncIterable<readonly EntryInput[]>;
}

const asListed: Status = ({ status }) => ({ status });

/**
 * Opens a page that has one of the list formats.
 * @param body the bytes, or the path of a file.
 * @throws {ExchangeError} `ERR_EMPREINTE_EXCHANGE_PAGE` for what is no such page. The entries throw it, too.
 */
export async function openListPage(
  body: string | AsyncIterable<Uint8Array>,
  options: ListPageOptions,
): Promise<OpenPage> {
  const { exchange, format, statusOf = asListed, signal, note } = options;
  let wrongCount: string | undefined;
  const onProblem = ({ code, reason, skipped, field }: ListProblem): void => {
    if (code === "wrong-count") wrongCount = reason;
    else
      note({
        kind: skipped ? code : "bad-field",
        reason: field === undefined ? reason : `${field}: ${reason}`,
      });
  };
  const name = `page of ${exchange}`;
  const given = {
    name,
    onProblem,
    others: "keep" as const,
    ...(format && { format }),
    ...(signal && { signal }),
  };
  const list = await openList(body, given).catch((error: unknown) => {
    throw pageError(exchange, error, signal);
  });
  async function* entries(): AsyncGenerator<readonly EntryInput[]> {
    try {
      for await (const some of list.batches()) {
        const inputs: EntryInput[] = [];
        for (const entry of some) inputs.push(...inputsOf(entry, statusOf, note));
        yield inputs;
      }
    } catch (error) {
      throw pageError(exchange, error, signal);
    }
    if (wrongCount !== undefined) throw badPage(exchange, wrongCount);
  }
  return { list, entries: entries() };
}

/** Makes a bad page of a list error. What the network reports, and the caller's reason, stay as they are. */
function pageError(exchange: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (codeOf(error) === "ERR_EMPREINTE_LIST") return badPage(exchange, sentence(error), error);
  if (codeOf(error) === "ERR_EMPREINTE_READ" && error instanceof Error && error.cause !== undefined) return error.cause;
  return error;
}

/** Converts an entry of a list into an entry of a bank. It never drops an identifier silently. */
function inputsOf(entry: ListEntry, statusOf: Status, note: PageOptions["note"]): EntryInput[] {
  // Most entries are as a bank takes them. To copy each costs a tenth of an import.
  if (statusOf === asListed && entry.signals.length > 0) return [entry];
  const { id, signals, others = [], labels, cases, time, position } = entry;
  const { status, unknown } = statusOf(entry);
  if (unknown !== undefined) note({ kind: "unknown-status", reason: unknown });
  const common = {
    labels,
    cases,
    ...(time !== undefined && { time }),
    ...(position && { position }),
  };
  if (signals.length > 0) return [{ ...(id !== undefined && { id }), signals, status, ...common }];
  const types = others.map(({ type }) => type.replaceAll(/[^\w.-]/g, "").slice(0, 32)).join(", ");
  if (status !== "withdrawn")
    note({
      kind: "unknown-type",
      reason: `no signal can be matched; there is ${types || "none"}`,
    });
  // What it had before must not match any longer.
  return id === undefined ? [] : [{ id, status: "withdrawn", ...common }];
}
