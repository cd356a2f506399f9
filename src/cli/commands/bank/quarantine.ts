import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { doneStatuses, fileArgument, jsonOption } from "./options.js";
import { entryJson, entryLine, withStore } from "./store.js";

export const command: Command = defineCommand({
  name: "bank quarantine",
  summary: "Print quarantined and flooded entries, with the reason",
  description: [
    "Quarantined entries do not match until they are released. Flooded entries have hit too many uploads and lead to review at most. Prints a line for each, as bank list does, with the reason.",
  ],
  arguments: { file: fileArgument },
  options: jsonOption,
  statuses: doneStatuses,
  examples: [{ command: "empreinte bank quarantine known.bank", does: "Print what is held back." }],
  async run({ arguments: { file }, options: { json } }, session) {
    return withStore(file, async (store) => {
      for (const entry of [...store.quarantined(), ...store.flooded()]) {
        await session.line(json ? entryJson(entry) : entryLine(entry));
      }
      return status.nothing;
    });
  },
});
