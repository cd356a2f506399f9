import { trivialHashReason } from "../../../index.js";
import { type ListEntry, openList } from "../../../doors/lists.js";
import { parse, UsageError } from "../../args.js";
import { Faults, listOptions, listSource, openOptions } from "./options.js";
import { shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";

const options = { ...listOptions, json: { type: "boolean" } } as const;

/** Labels of a list that has free text as labels are not all counted. */
const mostLabels = 1000;
const mostTypes = 100;

/** What a list has, counted by name. */
class Contents {
  entries = 0;
  withdrawn = 0;
  degenerate = 0;
  readonly signals: Record<string, number> = {};
  readonly others: Record<string, number> = Object.create(null) as Record<string, number>;
  readonly labels = new Map<string, number>();

  add({ signals, others = [], labels, status: state }: ListEntry): void {
    this.entries++;
    if (state === "withdrawn") this.withdrawn++;
    for (const { type, value } of signals) {
      this.signals[type] = (this.signals[type] ?? 0) + 1;
      if ((type === "pdq" || type === "vpdq") && trivialHashReason(value) !== undefined) this.degenerate++;
    }
    for (const { type } of others) {
      // In a list that is shifted a hash stands where the type should.
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

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new UsageError("Expected one FILE");
  const quiet = values.quiet === true;
  const faults = new Faults(quiet, session);
  const contents = new Contents();
  const opening = openOptions(path, values, session);
  const progress = new Progress(session, quiet, "entries");
  const list = await openList(listSource(path), { ...opening, others: "keep", onProblem: faults.add });
  let whole = true;
  try {
    for await (const batch of list.batches()) {
      for (const entry of batch) contents.add(entry);
      progress.done = contents.entries;
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== "ERR_EMPREINTE_LIST" && code !== "ERR_EMPREINTE_READ") throw error;
    whole = false;
    session.note((error as Error).message);
  } finally {
    progress.stop();
  }
  faults.end();
  const { entries, withdrawn, degenerate, signals, others } = contents;
  const labels = [...contents.labels].sort(([, a], [, b]) => b - a);
  const problems = faults.count;
  if (values.json === true) {
    const about = { path, format: list.format, entries, withdrawn, signals, others, degenerate, problems, whole };
    await session.line(JSON.stringify({ ...about, labels: Object.fromEntries(labels), page: list.page }));
  } else {
    const line = (name: string, text: string): Promise<void> | void => {
      if (text !== "" && text !== "0") return session.line(`${name.padEnd(12)}${text}`);
    };
    await line("format", list.format);
    await line("entries", `${entries.toLocaleString("en")}${withdrawn > 0 ? `, ${withdrawn} withdrawn` : ""}`);
    await line("signals", counted(Object.entries(signals)));
    await line("others", shownPath(counted(Object.entries(others))));
    await line("labels", shownPath(counted(labels.slice(0, 20))));
    await line("degenerate", degenerate.toLocaleString("en"));
    await line("problems", problems.toLocaleString("en"));
    for (const [name, value] of Object.entries(list.page)) {
      await line(name, shownPath(name === "lastTime" ? new Date(value as number).toISOString() : String(value)));
    }
  }
  if (!whole) return status.trouble;
  return problems > 0 || degenerate > 0 ? status.found : status.nothing;
}
