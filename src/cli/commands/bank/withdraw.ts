import { type Command, defineCommand } from "../../table/command.js";
import { removalArguments, removalOptions, removalStatuses, removalUsage, removeEntries } from "./remove-entries.js";

export const command: Command = defineCommand({
  name: "bank withdraw",
  summary: "End entries: they match no longer, and their hashes are gone",
  description: [
    "When the command is done, the entries match no longer, and their hashes are gone from the store and its index. Labels, cases and times stay. Their source cannot bring them back.",
    "Prints how many entries and hashes it was, after how long no search found them, and after how long the bytes were gone.",
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
