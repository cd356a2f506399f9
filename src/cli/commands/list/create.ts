import {
  filesSection,
  globSection,
  limitOptions,
  namesSection,
  outputOptions,
  pathsMeaning,
  selectionOptions,
} from "../../io/file-options.js";
import { type Command, defineCommand } from "../../table/command.js";

export const command: Command = defineCommand({
  name: "list create",
  summary: "Make a list of your own images and, with --crops, of their crops",
  description: [
    "Prints a list line for each image: hash, path. With --crops, lines with the hashes of common crops follow it. They find copies that are too far from the hash of the whole image.",
    "Hashes of crops reveal more of an image than its own hash. Keep such a list private, and share a list without them. `empreinte bank import`, and `empreinte scan` with --level, treat the lines of an image as one entry.",
  ],
  arguments: { path: { repeat: true, optional: true, does: pathsMeaning } },
  options: {
    ...selectionOptions,
    null: { type: "flag", short: "0", group: "Files", does: "The paths of --files-from are separated by zero bytes." },
    crops: { type: "flag", does: "Also list the hashes of crops of each image." },
    level: {
      type: "choice",
      value: "LEVEL",
      choices: ["standard", "thorough"],
      needs: ["crops"],
      does: "How many crops to list: `standard` at most 24 for each image, `thorough` at most 60.",
      defaultText: "standard",
    },
    metadata: { type: "text", value: "TEXT", does: "Write TEXT after each hash instead of the path." },
    output: {
      type: "file",
      value: "FILE",
      short: "o",
      does: "Write to FILE, which only its owner can read and which appears only when it is complete.",
      defaultText: "standard output",
    },
    ...outputOptions,
    ...limitOptions,
  },
  sections: [
    filesSection,
    globSection,
    {
      title: "JSON",
      rows: [
        [
          "image",
          '{"path","hash","quality","stable"}, with --crops also "crops":[{"hash","quality","name","region"}].',
        ],
        [
          "unfit image",
          'It has "skipped":"quality" or "unstable" and is not listed, because its hash would match unrelated images.',
        ],
      ],
    },
    namesSection,
  ],
  statuses: { 0: "All images are listed.", 2: "Some images could not be listed." },
  examples: [
    {
      command: "empreinte list create --crops -o mine.csv photos/",
      does: "List the images of a folder with their crops.",
    },
  ],
  run: async (given, session) => (await import("./make-list.js")).makeList(given, session),
});
