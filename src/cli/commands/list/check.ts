import type { EntryList, ListEntry } from "../../../doors/lists.js";
import type { trivialHashReason } from "../../../index.js";
import { jsonText, shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { Faults, listOptions, listSource, openOptions } from "./options.js";

/** Labels of a list that has free text as labels are not all counted. */
const mostLabels = 1000;
const mostTypes = 100;

/** What a list has, counted by name. */
class Contents {
  entries = 0;
  withdrawn = 0;
  trivialHashes = 0;
  readonly signals: Record<string, number> = {};
  readonly others: Record<string, number> = Object.create(null) as Record<string, number>;
  readonly labels = new Map<string, number>();
  readonly #trivial: typeof trivialHashReason;

  constructor(trivial: typeof trivialHashReason) {
    this.#trivial = trivial;
  }

  add({ signals, others = [], labels, status: state }: ListEntry): void {
    this.entries++;
    if (state === "withdrawn") this.withdrawn++;
    for (const { type, value } of signals) {
      this.signals[type] = (this.signals[type] ?? 0) + 1;
      if ((type === "pdq" || type === "vpdq") && this.#trivial(value) !== undefined) this.trivialHashes++;
    }
    for (const { type } of others) {
      // In a list with shifted columns a hash is where the type should be.
      const name = type.length > 24 ? `${type.slice(0, 8)}…` : type;
      const count = this.others[name];
      if (count !== undefined || Object.keys(this.others).length < mostTypes) this.others[name] = (count ?? 0) + 1;
    }
    for (const { scheme, code } of labels) {
      const name = `${scheme}:${code}`.replace(/[0-9a-f]{32,}/gi, (run) => `${run.slice(0, 8)}…`);
      const count = this.labels.get(name);
      if (count !== undefined || this.labels.size < mostLabels) this.labels.set(name, (count ?? 0) + 1);
    }
  }
}

const counted = (counts: Iterable<[string, number]>): string =>
  [...counts].map(([name, count]) => `${count.toLocaleString("en")} ${name}`).join(", ");

/** Reads the list to its end. Returns whether it has one. */
async function readAll(list: EntryList, contents: Contents, progress: Progress, session: Session): Promise<boolean> {
  try {
    for await (const batch of list.batches()) {
      for (const entry of batch) contents.add(entry);
      progress.done = contents.entries;
    }
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== "ERR_EMPREINTE_LIST" && code !== "ERR_EMPREINTE_READ") throw error;
    session.note((error as Error).message);
    return false;
  } finally {
    progress.stop();
  }
}

async function print(list: EntryList, contents: Contents, problems: number, session: Session): Promise<void> {
  const { entries, withdrawn, trivialHashes, signals, others } = contents;
  const labels = [...contents.labels].sort(([, a], [, b]) => b - a).slice(0, 20);
  const line = async (name: string, text: string): Promise<void> => {
    if (text !== "" && text !== "0") await session.line(`${name.padEnd(16)}${text}`);
  };
  await line("format", list.format);
  await line("entries", `${entries.toLocaleString("en")}${withdrawn > 0 ? `, ${withdrawn} withdrawn` : ""}`);
  await line("signals", counted(Object.entries(signals)));
  await line("others", shownPath(counted(Object.entries(others))));
  await line("labels", shownPath(counted(labels)));
  await line("trivial hashes", trivialHashes.toLocaleString("en"));
  await line("problems", problems.toLocaleString("en"));
  for (const [name, value] of Object.entries(list.page)) {
    await line(name, shownPath(name === "lastTime" ? new Date(value as number).toISOString() : String(value)));
  }
}

export const command: Command = defineCommand({
  name: "list check",
  summary: "Check a list, and print its contents and problems",
  description: [
    "Reads a list to its end. It prints the format, and how many entries, signals and labels the list has. It counts withdrawn entries and trivial hashes, which would match unrelated images. It reports what cannot be read, with its place.",
  ],
  arguments: { file: { does: "The list, or `-` for standard input." } },
  options: { json: { type: "flag", does: "Print one JSON object." }, ...listOptions },
  sections: [
    {
      title: "JSON",
      rows: [
        [
          "list",
          '{"path", "format", "entries", "withdrawn", "signals", "others", "labels", "trivialHashes", "problems", "page", "whole"}',
        ],
      ],
    },
  ],
  statuses: {
    0: "All is well.",
    1: "Some entries have problems or trivial hashes.",
    2: "The list cannot be read to its end.",
  },
  examples: [
    { command: "empreinte list check ncmec.xml", does: "Check a list whose format its content tells." },
    {
      command: "empreinte list check --column md5=MD5 --column label:iwf=Category members.csv",
      does: "Check a CSV with columns of its own.",
    },
  ],
  async run({ arguments: { file: path }, options }, session) {
    const { openList } = await import("../../../doors/lists.js");
    const { trivialHashReason } = await import("../../../index.js");
    const { quiet } = options;
    const faults = new Faults(quiet, session);
    const contents = new Contents(trivialHashReason);
    const opening = openOptions(path, options, session);
    const progress = new Progress(session, quiet, "entries");
    const list = await openList(listSource(path, session), { ...opening, others: "keep", onProblem: faults.add });
    const whole = await readAll(list, contents, progress, session);
    faults.end();
    const { entries, withdrawn, trivialHashes, signals, others, labels } = contents;
    const problems = faults.count;
    if (options.json) {
      const about = { path, format: list.format, entries, withdrawn, signals, others, trivialHashes, problems, whole };
      const sorted = [...labels].sort(([, a], [, b]) => b - a);
      await session.line(jsonText({ ...about, labels: Object.fromEntries(sorted), page: list.page }));
    } else await print(list, contents, problems, session);
    if (!whole) return status.trouble;
    return problems > 0 || trivialHashes > 0 ? status.found : status.nothing;
  },
});
