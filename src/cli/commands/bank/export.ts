import { type BankStore, type EntryInfo, type EntryStatus } from "../../../doors/bank.js";
import { ListWriter, type WrittenFormat } from "../../../doors/lists.js";
import { parse, UsageError } from "../../args.js";
import { actorOption, onlyStore, sourceOptions, withStore } from "./store.js";
import { toFile, toOutput } from "../list/convert.js";
import { shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";

const options = {
  ...sourceOptions,
  ...actorOption,
  status: { type: "string" },
  derived: { type: "boolean" },
  to: { type: "string" },
  nation: { type: "string" },
  output: { type: "string", short: "o" },
  quiet: { type: "boolean" },
} as const;

/** As the list formats have entries. */
function listed({ entry, signals, labels, cases, status: state, time }: EntryInfo): Parameters<ListWriter["entry"]>[0] {
  return {
    ...(entry !== undefined && { id: entry }),
    signals,
    labels,
    cases,
    status: state === "withdrawn" ? "withdrawn" : "active",
    ...(time && { time: time.getTime() }),
  };
}

async function* texts(entries: Iterable<EntryInfo>, writer: ListWriter | undefined): AsyncGenerator<string> {
  for (const entry of entries) yield writer?.entry(listed(entry)) ?? `${JSON.stringify(entry)}\n`;
  if (writer) yield writer.end();
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const file = onlyStore(positionals);
  const { bank, source, status: wanted = "active", to, nation, output, quiet = false } = values;
  if (to === undefined) throw new UsageError("No --to FORMAT is given");
  if (output === undefined || output === "") throw new UsageError("No -o OUT is given");
  const writer =
    to === "json" ? undefined : new ListWriter(to as WrittenFormat, nation === undefined ? {} : { nation });
  const filter = {
    ...(bank !== undefined && { bank }),
    ...(source !== undefined && { source }),
    ...(wanted !== "all" && { status: wanted as EntryStatus }),
    ...(values.derived === true && { derived: true }),
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
  const step = (): void => void (progress.done = count);
  await withStore(
    file,
    async (store) => {
      // Before the first hash has left the store.
      store.recordExport({ ...filter, to });
      if (output === "-") await toOutput(texts(counted(store), writer), step);
      else await toFile(output, texts(counted(store), writer), step);
    },
    values,
  ).finally(() => progress.stop());
  if (!quiet) {
    for (const [name, left] of Object.entries(writer?.leftOut ?? {}))
      session.note(`left out: ${shownPath(name)}, ${left.toLocaleString("en")}`);
    session.note(`${shownPath(output)}: ${count.toLocaleString("en")} entries, with whole hashes`);
  }
  return status.nothing;
}
