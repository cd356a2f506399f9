import { type Command, defineCommand } from "../../table/command.js";
import { removalArguments, removalOptions, removalStatuses, removalUsage, removeEntries } from "./remove-entries.js";

export const command: Command = defineCommand({
  name: "bank withdraw",
  summary: "Withdraw entries: they no longer match, and their hashes are removed",
  description: [
    "After the command, the entries no longer match, and their hashes are gone from the store and its index. Labels, cases and times stay. Their source cannot bring the entries back.",
    "Prints how many entries and hashes were removed, when no search found them any more, and when their bytes were gone.",
  ],
  usage: removalUsage,
  arguments: removalArguments,
  options: removalOptions,
  statuses: removalStatuses,
  examples: [
    {
      command: "empreinte bank withdraw known.bank 17 --bank ncii --source hotline",
      does: "Withdraw an entry by the source's id.",
    },
  ],
  run: (given, session) => removeEntries("withdraw", given, session),
});
