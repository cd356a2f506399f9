import {
  filesSection,
  globSection,
  limitOptions,
  namesSection,
  outputOptions,
  pathsMeaning,
  selectionOptions,
} from "../../io/file-options.js";
import { localKeyOption } from "../../io/local-key-option.js";
import { type Command, defineCommand } from "../../table/command.js";
import { actorOption, fileArgument } from "../bank/options.js";

export const command: Command = defineCommand({
  name: "register",
  summary: "Register your own images in a bank, with --local also their local points",
  description: [
    "Adds an entry for each image, with its hash and the SHA-256 of the file, which is also the id of the entry. Registering an image again changes nothing else.",
    "With --local, the entry also gets a local record, by which the image is found in any part of it. **A record can be turned back into a rough image**, so register only what you may keep. It is stored encrypted, and it is gone with its entry.",
    "In a negative bank the record makes the image benign: what resembles it is no match.",
    "`empreinte bank policy --local` lets a bank use its records.",
  ],
  arguments: { file: fileArgument, path: { repeat: true, optional: true, does: pathsMeaning } },
  options: {
    bank: { type: "text", value: "BANK", required: true, does: "The bank." },
    source: { type: "text", value: "SOURCE", required: true, does: "The source of the entries." },
    local: { type: "flag", does: "Also store the local points of each image, encrypted." },
    most: {
      type: "integer",
      value: "N",
      least: 1,
      most: 400,
      needs: ["local"],
      does: "Store at most N local points of an image. More find smaller parts.",
      defaultText: "200",
    },
    ...localKeyOption,
    ...actorOption,
    ...selectionOptions,
    null: { type: "flag", short: "0", group: "Files", does: "The paths of --files-from are separated by zero bytes." },
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
          '{"path","entryId","entryNumber","status"}, with --local also "points". The status is active or quarantined.',
        ],
        [
          "withdrawn image",
          '{"path","entryId","refused":"withdrawn"}: its entry was withdrawn, and is not added again.',
        ],
      ],
    },
    namesSection,
  ],
  statuses: { 0: "All images are registered.", 2: "Some images could not be registered." },
  examples: [
    {
      command: "empreinte register known.bank originals/ --bank ncii --source own --local --local-key local.key",
      does: "Register the images of a folder, so that any part of them is found.",
    },
  ],
  run: async (given, session) => (await import("./register-images.js")).registerImages(given, session),
});
