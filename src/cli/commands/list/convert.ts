import type { WrittenFormat } from "../../../doors/lists.js";
import { shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { Faults, listOptions, listSource, openOptions } from "./options.js";
import { counted } from "../../io/counted.js";

export const command: Command = defineCommand({
  name: "list convert",
  summary: "Write a list in another format",
  description: [
    "Only its owner can read OUT. It is replaced when the new list is complete. Data that the format cannot hold is counted by name on standard error.",
  ],
  arguments: { file: { does: "The list, or `-` for standard input." } },
  options: {
    output: {
      type: "file",
      value: "OUT",
      short: "o",
      required: true,
      does: "Write to OUT, or to standard output for `-`.",
    },
    to: {
      type: "text",
      value: "FORMAT",
      required: true,
      does: "Write this format: `plain`, `signal-csv`, `stopncii`, `vics-2.0`, `vpdq-lines`, `vpdq-json` or `vpdq-json-object`.",
    },
    ...listOptions,
  },
  statuses: {
    0: "The list was written.",
    1: "The list was written, but some entries had problems.",
    2: "FILE cannot be read to its end, or OUT cannot be written. OUT is not changed then.",
  },
  examples: [
    {
      command: "empreinte list convert vics.json -o known.csv --to signal-csv",
      does: "Make a CSV of a Project VIC list.",
    },
  ],
  async run({ arguments: { file: path }, options }, session) {
    const { convertList } = await import("../../../doors/lists.js");
    const { writeTexts } = await import("../../io/write-texts.js");
    const { output, to, nation, quiet } = options;
    const faults = new Faults(quiet, session);
    const progress = new Progress(session, quiet, "entries");
    const conversion = await convertList(listSource(path, session), {
      ...openOptions(path, options, session),
      to: to as WrittenFormat,
      ...(nation !== undefined && { write: { nation } }),
      onProblem: faults.add,
    });
    try {
      await writeTexts(output, conversion, () => void (progress.done = conversion.entries), session);
    } finally {
      progress.stop();
    }
    faults.end();
    const { leftOut, entries } = conversion;
    if (!quiet) {
      for (const [name, count] of Object.entries(leftOut))
        session.note(`left out: ${shownPath(name)}, ${count.toLocaleString("en")}`);
      session.note(`${shownPath(output)}: ${counted(entries, "entry")}, from ${conversion.list.format}`);
    }
    return faults.count > 0 ? status.found : status.nothing;
  },
});
