import { existsSync } from "node:fs";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { actorOption, doneStatuses, fileArgument, policyOptions } from "./options.js";
import { policyOf } from "./policy-values.js";
import { withStore } from "./store.js";

export const command: Command = defineCommand({
  name: "bank create",
  summary: "Create a bank, and its store if there is none",
  description: ["Only its owner can read a new store. An existing store gets one more bank."],
  arguments: { file: fileArgument, bank: { does: "The name of the new bank.", files: false } },
  options: {
    purpose: { type: "text", value: "TEXT", does: "What the bank is for." },
    negative: {
      type: "flag",
      does: "The entries are known false alarms. A match in this bank suppresses every other match at the same distance or farther.",
    },
    ...actorOption,
    ...policyOptions,
  },
  statuses: doneStatuses,
  examples: [
    {
      command: "empreinte bank create known.bank ncii --action block --flood 100/3600",
      does: "Make a bank whose matches are blocked.",
    },
  ],
  async run({ arguments: { file, bank: name }, options }) {
    const { purpose, negative, actor } = options;
    const policy = policyOf(options);
    return withStore(
      file,
      (store) => {
        store.createBank({ name, negative, policy, ...(purpose !== undefined && { purpose }) });
        return status.nothing;
      },
      { actor, create: !existsSync(file) },
    );
  },
});
