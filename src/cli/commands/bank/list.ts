import { status } from "../../io/session.js";
import { defined } from "../../io/defined.js";
import { type Command, defineCommand } from "../../table/command.js";
import { doneStatuses, fileArgument, jsonOption, sourceOptions } from "./options.js";
import { entryJson, entryLine, withStore } from "./store.js";

export const command: Command = defineCommand({
  name: "bank list",
  summary: "Print the entries of a store",
  description: [
    "Prints a line for each entry, separated by tabs: `#number`, bank, source, the source's id, status, labels or the reason, and hashes shortened to 8 digits.",
  ],
  arguments: { file: fileArgument },
  options: {
    ...sourceOptions,
    status: {
      type: "choice",
      value: "STATUS",
      choices: ["active", "quarantined", "withdrawn"],
      does: "Print only entries that are `active`, `quarantined` or `withdrawn`.",
    },
    crops: { type: "flag", does: "Also print the hashes of crops, each after its crop's name." },
    ...jsonOption,
  },
  statuses: doneStatuses,
  examples: [
    {
      command: "empreinte bank list known.bank --bank ncii --status withdrawn",
      does: "Print the withdrawn entries of a bank.",
    },
  ],
  async run({ arguments: { file }, options }, session) {
    const { bank, source, status: wanted, crops, json } = options;
    const filter = { ...defined({ bank, source, status: wanted }), ...(crops && { crops: true }) };
    return withStore(file, async (store) => {
      for (const entry of store.entries(filter)) {
        if (session.signal.aborted) break;
        await session.line(json ? entryJson(entry) : entryLine(entry));
      }
      return status.nothing;
    });
  },
});
