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
  summary: "Make a list of your own images, with --crops also of their crops",
  description: [
    "Prints a line of a list for each image: hash, path. With --crops, lines with the hashes of crops follow it: parts that people often cut out. A copy of such a part is then found where nothing of the image's own hash is left.",
    "Hashes of crops describe an image better than a list needs. Keep such a list to yourself, and share the one without them. empreinte bank import, and empreinte scan with --level, take the lines of an image as one entry.",
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
      does: "How many crops: standard lists at most 24 of an image, thorough at most 60.",
      defaultText: "standard",
    },
    metadata: { type: "text", value: "TEXT", does: "Write TEXT after each hash instead of the path." },
    output: {
      type: "file",
      value: "FILE",
      short: "o",
      does: "Write to FILE, readable by its owner only, whole or not at all.",
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
          'It has "skipped":"quality" or "unstable", and is not listed: its hash would match unrelated images.',
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
