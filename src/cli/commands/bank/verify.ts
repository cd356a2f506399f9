import { shownPath } from "../../io/names.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { fileArgument } from "./options.js";
import { withStore } from "./store.js";

export const command: Command = defineCommand({
  name: "bank verify",
  summary: "Check every byte of a store, and its index against it",
  description: ["Checks the store, every hash in its index, and the audit log. Prints a line for each difference."],
  arguments: { file: fileArgument },
  options: {},
  statuses: { 0: "All is well.", 1: "Something is wrong.", 2: "FILE cannot be read." },
  examples: [{ command: "empreinte bank verify known.bank", does: "Check a store." }],
  async run({ arguments: { file } }, session) {
    let wrong: string[];
    try {
      wrong = await withStore(file, (store) => store.verify());
    } catch (error) {
      // Opening a store finds some damage by itself.
      if ((error as { code?: unknown }).code !== "ERR_EMPREINTE_BANK_FILE") throw error;
      wrong = [(error as Error).message];
    }
    for (const sentence of wrong) await session.line(`${shownPath(file)}: ${sentence}`);
    return wrong.length > 0 ? status.found : status.nothing;
  },
});
