import { type Command, defineCommand } from "../../table/command.js";
import { removalArguments, removalOptions, removalStatuses, removalUsage, removeEntries } from "./remove-entries.js";

export const command: Command = defineCommand({
  name: "bank erase",
  summary: "Withdraw entries, and remove everything else about them",
  description: [
    "Does what `bank withdraw` does, and also removes labels, cases and times. Only a keyed digest of the source's id stays, which keeps the entry out.",
    "Prints how many entries and hashes were removed, when no search found them any more, and when their bytes were gone.",
  ],
  usage: removalUsage,
  arguments: removalArguments,
  options: removalOptions,
  statuses: removalStatuses,
  examples: [{ command: "empreinte bank erase known.bank '#17'", does: "Erase an entry by the store's number." }],
  run: (given, session) => removeEntries("erase", given, session),
});
