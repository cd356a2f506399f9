import type { BankStore, EntryFilter, EntryInfo } from "../../../doors/bank.js";
import type { ListWriter, WrittenFormat } from "../../../doors/lists.js";
import { defined } from "../../io/defined.js";
import { jsonText, shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { actorOption, doneStatuses, fileArgument, sourceOptions } from "./options.js";
import { withStore } from "./store.js";
import { counted as nouns } from "../../io/counted.js";

/** Returns an entry as the list formats have it. */
function listed({
  entryId,
  signals,
  labels,
  cases,
  status: state,
  time,
}: EntryInfo): Parameters<ListWriter["entry"]>[0] {
  return {
    ...(entryId !== undefined && { id: entryId }),
    signals,
    labels,
    cases,
    status: state === "withdrawn" ? "withdrawn" : "active",
    ...(time && { time: time.getTime() }),
  };
}

async function* texts(entries: Iterable<EntryInfo>, writer: ListWriter | undefined): AsyncGenerator<string> {
  for (const entry of entries) yield writer?.entry(listed(entry)) ?? `${jsonText(entry)}\n`;
  if (writer) yield writer.end();
}

export const command: Command = defineCommand({
  name: "bank export",
  summary: "Write the entries of a store as a list, with whole hashes",
  description: [
    "Protect OUT as carefully as FILE, because it has whole hashes. Only its owner can read it, and it appears only when it is complete. Data that the format cannot hold is counted. The audit log records the export.",
  ],
  arguments: { file: fileArgument },
  options: {
    to: {
      type: "text",
      value: "FORMAT",
      required: true,
      does: "The format: plain, signal-csv, stopncii, vics-2.0, vpdq-lines, vpdq-json, vpdq-json-object, or json for all data of the store.",
    },
    output: {
      type: "file",
      value: "OUT",
      short: "o",
      required: true,
      does: "Write to OUT, or to standard output for `-`.",
    },
    ...sourceOptions,
    status: {
      type: "choice",
      value: "STATUS",
      choices: ["active", "quarantined", "withdrawn", "all"],
      default: "active",
      does: "Write entries that are `active`, `quarantined` or `withdrawn`, or `all`.",
    },
    crops: { type: "flag", does: "Also write the hashes of crops. Do not share such a list." },
    nation: {
      type: "text",
      value: "CODE",
      does: "The country whose categories a VICS list gets: us, uk, ca and so on.",
    },
    quiet: { type: "flag", does: "Print no progress or notes. Errors are still printed." },
    ...actorOption,
  },
  statuses: doneStatuses,
  examples: [
    {
      command: "empreinte bank export known.bank --bank ncii --to signal-csv -o ncii.csv",
      does: "Write the active entries of a bank as CSV.",
    },
  ],
  async run({ arguments: { file }, options }, session) {
    const { ListWriter: Writer } = await import("../../../doors/lists.js");
    const { writeTexts } = await import("../../io/write-texts.js");
    const { bank, source, status: wanted, to, nation, output, crops, quiet } = options;
    const writer = to === "json" ? undefined : new Writer(to as WrittenFormat, defined({ nation }));
    const filter = {
      ...defined({ bank, source }),
      ...(wanted !== "all" && { status: wanted as NonNullable<EntryFilter["status"]> }),
      ...(crops && { crops: true }),
    };
    let count = 0;
    const progress = new Progress(session, quiet, "entries");
    function* counted(store: BankStore): Generator<EntryInfo> {
      for (const entry of store.entries(filter)) {
        session.signal.throwIfAborted();
        count++;
        yield entry;
      }
    }
    const write = async (store: BankStore): Promise<void> => {
      // Before the first hash has left the store.
      store.recordExport({ ...filter, to });
      await writeTexts(output, texts(counted(store), writer), () => void (progress.done = count), session);
    };
    await withStore(file, write, options).finally(() => progress.stop());
    if (!quiet) {
      for (const [name, left] of Object.entries(writer?.leftOut ?? {}))
        session.note(`left out: ${shownPath(name)}, ${left.toLocaleString("en")}`);
      session.note(`${shownPath(output)}: ${nouns(count, "entry")}, with whole hashes`);
    }
    return status.nothing;
  },
});
