/** The command `empreinte watch`. */
import { BankStore } from "empreinte/bank";
import { systemEnvironment } from "../environment.js";
import { invalid, sentence } from "../errors.js";
import { addWatch, removeWatch, watched } from "../watch/items.js";
import { runWatch } from "../watch/run-watch.js";
import { watchCsv, watchReport, watchTable } from "../watch/report.js";
import { watchPage } from "../watch/report-page.js";
import { type Arguments, boolean, readArguments, string, strings } from "./arguments.js";
import type { Output } from "./exchange.js";

export const watchHelp: string = `empreinte watch: whether removed content stays removed

  empreinte watch add STORE --address ADDRESS --case CASE [--entry NUMBER]
      [--since TIME] [--deadline HOURS]
  empreinte watch run STORE [--watch] [--interval SECONDS] [--pause SECONDS]
      [--hosts COUNT] [--onion-proxy ADDRESS] [--allow NETWORK]...
    Checks each address, once or (--watch) at an interval, 6 hours by default.
  empreinte watch report STORE [--format table|json|csv|html]
  empreinte watch remove STORE ID

Exit status: 0 done, 1 content is there after its deadline, 2 wrong arguments.
`;

const options = {
  address: string,
  case: string,
  entry: string,
  since: string,
  deadline: string,
  watch: boolean,
  interval: string,
  pause: string,
  hosts: string,
  "onion-proxy": string,
  allow: strings,
  format: string,
  help: boolean,
};

/** Runs the command and returns its exit status. */
export async function watchCommand(args: readonly string[], output: Output): Promise<number> {
  const [name = "help", ...rest] = args;
  try {
    const given = readArguments(rest, options);
    if (name === "help" || name === "--help" || given.flag("help")) {
      output.write(watchHelp);
      return 0;
    }
    const command = commands[name];
    if (command === undefined) throw invalid("the command", `one of ${Object.keys(commands).join(", ")}`);
    const [path] = given.words;
    if (path === undefined) throw invalid("STORE", "the path of a bank store");
    const store = await BankStore.open(path, { actor: "watch" });
    try {
      return await command(store, given, output);
    } finally {
      await store.close();
    }
  } catch (error) {
    output.warn(`empreinte watch: ${sentence(error)}\n`);
    return 2;
  }
}

type Command = (store: BankStore, given: Arguments, output: Output) => Promise<number>;

/** How often a service looks for items that are due, in milliseconds. */
const turn = 60_000;

const commands: Record<string, Command | undefined> = {
  add: async (store, given, { write }) => {
    const [entryNumber, deadlineHours, since] = [given.number("entry"), given.number("deadline"), given.time("since")];
    const { id } = addWatch(store, {
      address: given.needed("address"),
      case: given.needed("case"),
      ...(entryNumber !== undefined && { entryNumber }),
      ...(deadlineHours !== undefined && { deadlineHours }),
      ...(since !== undefined && { since }),
    });
    write(`${id}\n`);
    return 0;
  },
  remove: async (store, given, { write }) => {
    const id = given.words[1] ?? "";
    if (!removeWatch(store, id)) throw invalid("ID", "the id of an address that is watched");
    write(`${id} is watched no longer\n`);
    return 0;
  },
  run: async (store, given, { write, stop }) => {
    const [pauseSeconds, hosts, onionProxy] = [given.number("pause"), given.number("hosts"), given.text("onion-proxy")];
    const service = given.flag("watch");
    const intervalSeconds = given.number("interval") ?? (service ? 6 * 3600 : 0);
    for (;;) {
      const checked = await runWatch(store, {
        stop,
        intervalSeconds,
        allow: given.list("allow"),
        ...(pauseSeconds !== undefined && { pauseSeconds }),
        ...(hosts !== undefined && { hosts }),
        ...(onionProxy !== undefined && { onionProxy }),
      });
      if (checked > 0) write(`${checked} addresses checked\n`);
      if (!service || stop.aborted) break;
      await systemEnvironment.sleep(turn, stop).catch(() => undefined);
      if (stop.aborted) break;
    }
    return overdue(store) ? 1 : 0;
  },
  report: async (store, given, { write }) => {
    const report = watchReport(watched(store), Date.now());
    const format = given.text("format") ?? "table";
    if (format === "table") write(watchTable(report));
    else if (format === "json") write(`${JSON.stringify(report, undefined, 2)}\n`);
    else if (format === "csv") write(watchCsv(report));
    else if (format === "html") write(watchPage(report));
    else throw invalid("--format", "table, json, csv or html");
    return overdue(store) ? 1 : 0;
  },
};

function overdue(store: BankStore): boolean {
  const { items } = watchReport(watched(store), Date.now());
  return items.some(
    ({ state, withinDeadline }) => withinDeadline === false && (state === "there" || state === "unchanged"),
  );
}
