import { stat } from "node:fs/promises";
import type { BankStore } from "../../../doors/bank.js";
import { jsonPath, jsonText, textLine } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { doneStatuses, fileArgument } from "./options.js";
import { policyText } from "./policy-values.js";
import { withStore } from "./store.js";

async function print(store: BankStore, fileBytes: number, session: Session): Promise<void> {
  const count = (n: number): string => n.toLocaleString("en");
  const { revision, size } = store;
  await session.line(`revision ${count(revision)}, ${count(size)} signals to match, ${count(fileBytes)} bytes`);
  const sources = store.sources();
  for (const { name, purpose, negative, policy } of store.banks()) {
    const kind = negative ? "bank (negative)" : "bank";
    const text = `${kind} ${name}: ${policyText(policy)}${purpose === "" ? "" : `; ${purpose}`}`;
    await session.line(textLine([text], ""));
    for (const { source, active, quarantined, withdrawn } of sources.filter(({ bank }) => bank === name)) {
      const counts = `${count(active)} active, ${count(quarantined)} quarantined, ${count(withdrawn)} withdrawn`;
      await session.line(textLine([`  source ${source}: ${counts}`], ""));
    }
  }
}

export const command: Command = defineCommand({
  name: "bank info",
  summary: "Print the banks of a store, their policies and sources",
  description: [
    "Prints the store's revision and size, its banks with their policies, and how many entries each source has.",
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
        const about = { revision, signals, fileBytes, auditDays, banks: store.banks(), sources: store.sources() };
        await session.line(jsonText({ ...jsonPath(file), ...about }));
      } else await print(store, fileBytes, session);
      return status.nothing;
    });
  },
});
