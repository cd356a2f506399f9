import { stat } from "node:fs/promises";
import type { BankStore } from "../../../doors/bank.js";
import { counted } from "../../io/counted.js";
import { jsonPath, jsonText, textLine } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { doneStatuses, fileArgument } from "./options.js";
import { policyText } from "./policy-values.js";
import { withStore } from "./store.js";

/** Returns how old a source is, where the program that fetches it says so. */
function reportText(report: ReturnType<BankStore["sourceReports"]>[number] | undefined): string {
  if (report === undefined) return "";
  const { currentAt, stale, stopped } = report;
  const seconds =
    currentAt === undefined ? undefined : Math.max(0, Math.round((Date.now() - currentAt.getTime()) / 1000));
  const age = seconds === undefined ? "never complete" : `current ${seconds.toLocaleString("en")} s ago`;
  return `; ${age}${stale ? ", stale" : ""}${stopped === undefined ? "" : `: ${stopped}`}`;
}

async function print(store: BankStore, fileBytes: number, session: Session): Promise<void> {
  const count = (n: number): string => n.toLocaleString("en");
  const { revision, size } = store;
  const records = store.local.size === 0 ? "" : `, ${counted(store.local.size, "local record")}`;
  await session.line(
    `revision ${count(revision)}, ${count(size)} signals to match${records}, ${count(fileBytes)} bytes`,
  );
  const sources = store.sources();
  const reports = store.sourceReports();
  for (const { name, purpose, negative, policy } of store.banks()) {
    const kind = negative ? "bank (negative)" : "bank";
    const text = `${kind} ${name}: ${policyText(policy)}${purpose === "" ? "" : `; ${purpose}`}`;
    await session.line(textLine([text], ""));
    for (const { source, active, quarantined, withdrawn } of sources.filter(({ bank }) => bank === name)) {
      const counts = `${count(active)} active, ${count(quarantined)} quarantined, ${count(withdrawn)} withdrawn`;
      const report = reports.find((one) => one.bank === name && one.source === source);
      await session.line(textLine([`  source ${source}: ${counts}${reportText(report)}`], ""));
    }
    for (const report of reports.filter(({ bank }) => bank === name)) {
      if (sources.some(({ bank, source }) => bank === name && source === report.source)) continue;
      await session.line(textLine([`  source ${report.source}: nothing has come yet${reportText(report)}`], ""));
    }
  }
}

export const command: Command = defineCommand({
  name: "bank info",
  summary: "Print the banks of a store, their policies and sources",
  description: [
    "Prints the store's revision and size, its banks with their policies, and how many entries each source has. If a program fetches a source, it also prints how old the source is, and whether it is stale.",
  ],
  arguments: { file: fileArgument },
  options: { json: { type: "flag", does: "Print one JSON object." } },
  statuses: doneStatuses,
  examples: [{ command: "empreinte bank info known.bank", does: "Print what a store has." }],
  async run({ arguments: { file }, options: { json } }, session) {
    return withStore(file, async (store) => {
      const fileBytes = (await stat(file)).size;
      if (json) {
        const { revision, size: signals, auditDays } = store;
        const localRecords = store.local.size;
        const [banks, sources, sourceReports] = [store.banks(), store.sources(), store.sourceReports()];
        const about = { revision, signals, localRecords, fileBytes, auditDays, banks, sources, sourceReports };
        await session.line(jsonText({ ...jsonPath(file), ...about }));
      } else await print(store, fileBytes, session);
      return status.nothing;
    });
  },
});
