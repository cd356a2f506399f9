import type { Bank } from "../../../doors/bank.js";
import { jsonText, textLine } from "../../io/names.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { UsageError } from "../../table/parse.js";
import { actorOption, doneStatuses, fileArgument, policyOptions } from "./options.js";
import { policyOf, policyText } from "./policy-values.js";
import { withStore } from "./store.js";

export const command: Command = defineCommand({
  name: "bank policy",
  summary: "Print or change the policy of a bank",
  description: [
    "Changes the fields of the policy that the options name, and keeps the rest. Then it prints the policy.",
  ],
  arguments: { file: fileArgument, bank: { does: "The name of the bank.", files: false } },
  options: { ...policyOptions, json: { type: "flag", does: "Print one JSON object." }, ...actorOption },
  statuses: doneStatuses,
  examples: [
    {
      command: "empreinte bank policy known.bank ncii --radius 24 --flood none",
      does: "Change two parts of a policy.",
    },
  ],
  async run({ arguments: { file, bank: name }, options, named }, session) {
    policyOf(options); // a wrong command line is one whatever the store has
    return withStore(
      file,
      async (store) => {
        const current = (): Bank => {
          const bank = store.banks().find((one) => one.name === name);
          if (bank === undefined) throw new UsageError(`There is no bank ${name}`);
          return bank;
        };
        const changes = Object.keys(policyOptions).some((option) => named.has(option));
        if (changes) store.setPolicy(name, policyOf(options, current().policy));
        const { policy } = current();
        await session.line(options.json ? jsonText(policy) : textLine([`${name}: ${policyText(policy)}`], ""));
        return status.nothing;
      },
      options,
    );
  },
});
