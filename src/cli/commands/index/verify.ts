import { shownPath, textLine } from "../../io/names.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { counted } from "../../io/counted.js";

export const command: Command = defineCommand({
  name: "index verify",
  summary: "Check every byte of an index",
  description: [
    "Checks every byte of FILE and `FILE.entries`, and that they belong together. Prints what is wrong. `empreinte scan --index` checks the same before it searches.",
  ],
  arguments: { file: { does: "The index." } },
  options: {},
  statuses: { 0: "All is well.", 1: "The index is damaged.", 2: "A file cannot be read." },
  examples: [{ command: "empreinte index verify known.idx", does: "Check an index." }],
  async run({ arguments: { file: path } }, session) {
    const { EmpreinteError, HashList } = await import("../../../index.js");
    try {
      using known = await HashList.open(path, { signal: session.signal });
      await session.line(textLine([path, `sound, ${counted(known.size, "entry")}`], ": "));
      return status.nothing;
    } catch (error) {
      // A file that cannot be read at all ends the command with 2.
      if (!(error instanceof EmpreinteError) || error.code !== "ERR_EMPREINTE_INDEX_FILE") throw error;
      await session.line(`${session.red("damaged:")} ${shownPath(error.message)}`);
      return status.found;
    }
  },
});
