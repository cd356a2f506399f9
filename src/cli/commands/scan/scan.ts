import {
  filesSection,
  globSection,
  limitOptions,
  namesSection,
  nullOption,
  outputOptions,
  embeddedOption,
  pageOptions,
  pathsMeaning,
  selectionOptions,
} from "../../io/file-options.js";
import { localKeyOption } from "../../io/local-key-option.js";
import { samplingOption } from "../../io/videos/sampling.js";
import { type Command, defineCommand } from "../../table/command.js";
import { nearnessOptions } from "../../io/nearness-options.js";

export const command: Command = defineCommand({
  name: "scan",
  summary: "Find known images and videos",
  description: [
    "Compares each image and video with lists, indexes, known videos, or the banks of a store. Prints a record for each match. A match is a lead for a person to look at, not proof.",
  ],
  usage: [
    "--list FILE [options] PATH…",
    "--index FILE [options] PATH…",
    "--video-signature FILE [options] PATH…",
    "--bank FILE [options] PATH…",
  ],
  arguments: { path: { repeat: true, optional: true, does: pathsMeaning } },
  options: {
    list: {
      type: "file",
      value: "FILE",
      repeat: true,
      group: "What is known",
      does: "A list of known hashes, in any format that `empreinte list --help` names. MD5, SHA-1 and SHA-256 in it match the same bytes of any file.",
    },
    index: {
      type: "file",
      value: "FILE",
      repeat: true,
      group: "What is known",
      does: "An index that `empreinte index build` made. It is checked, mapped and searched.",
    },
    "video-signature": {
      type: "file",
      value: "FILE",
      repeat: true,
      group: "What is known",
      does: "A known video: the video, its vPDQ signature in any text form, or the output of `empreinte hash --json` for videos and images.",
    },
    bank: {
      type: "file",
      value: "FILE",
      group: "What is known",
      excludes: [
        "list",
        "index",
        "video-signature",
        "radius",
        "min-quality",
        "no-orientations",
        "allow-trivial-hashes",
      ],
      does: "A store that `empreinte bank create` made. The policies of its banks decide.",
    },
    audit: {
      type: "flag",
      group: "What is known",
      needs: ["bank"],
      does: "Write decisions with an action into the audit log of the store.",
    },
    actor: {
      type: "text",
      value: "NAME",
      group: "What is known",
      needs: ["bank"],
      does: "Write NAME into the audit log as the person who scans.",
      defaultText: "the system's user",
    },
    "local-key": { ...localKeyOption["local-key"], group: "What is known", needs: ["bank"] },
    "allow-trivial-hashes": {
      type: "flag",
      group: "What is known",
      does: "Load entries that would match unrelated images: all zero, constant and so on.",
    },
    level: {
      type: "choice",
      value: "LEVEL",
      choices: ["fast", "standard", "thorough"],
      default: "fast",
      group: "Search",
      does: "`fast` finds copies that are rotated or mirrored. `standard` also finds copies that are framed, captioned, slightly cropped, or in a screenshot or collage. `thorough` also finds copies that are more strongly cropped or rotated. See Levels.",
    },
    ...nearnessOptions({ hashes: "hashes", images: "images" }, "Search"),
    "no-orientations": {
      type: "flag",
      group: "Search",
      does: "Ignore rotated and mirrored matches.",
    },
    sampling: samplingOption("all"),
    ...selectionOptions,
    ...outputOptions,
    ...nullOption,
    ...limitOptions,
    ...pageOptions,
    ...embeddedOption,
  },
  sections: [
    {
      title: "Text output",
      text: ["Each record has these columns, separated by tabs. A column that does not apply is `-`."],
      rows: [
        ["path", "The file."],
        ["verdict", "exact: the same bytes. match: a known hash within the radius. review: a person should look."],
        ["distance", "How many bits differ, 0 to 256."],
        ["reference", "LIST:LINE, BANK/SOURCE/ENTRY (ENTRY is #N if the source gave no id), or the known video."],
        [
          "orientation",
          "How the image is rotated or mirrored: `orig`, `rot90`, `rot180`, `rot270`, `flipX`, `flipY`, `flipPlus1`, `flipMinus1`.",
        ],
        [
          "view",
          "The part of the image that matches, if it is not the whole image: `trimmed`, `component`, `zoom-out` and so on. `local`: by the local record of a bank's entry.",
        ],
        ["detail", "The items below, separated by spaces, then the metadata of the list or the labels of the bank."],
      ],
    },
    {
      title: "Items of the detail",
      rows: [
        ["action=ACTION", "With --bank: what the policies say of the match: block, review or log."],
        ["page=N", "The page of an animation or TIFF, from 0."],
        ["time=S", "The second of the nearest frame of a video."],
        [
          "FROM-TO=FROM-TO",
          "Seconds of a segment: in the scanned video, and in the known one; `-` for an image. Each segment is a record.",
        ],
        ["share=N%", "How much of the segment matches."],
        ["speed=N", "How fast the known video runs in the scanned one, if it differs."],
        ["region=X,Y/X,Y/X,Y/X,Y", "The corners of the view, in percent of the width and height."],
        ["digest=TYPE", "The digest that is equal: md5, sha1 or sha256."],
        ["crop=NAME", "The nearest crop of the known image."],
      ],
    },
    {
      title: "JSON",
      text: [
        'Each file is an object: `{"path","kind","hash","quality","matches":[{"verdict","distance","reference","orientation","view",…}]}`. A file that fails is `{"path","error":{"code","message"}}`.',
      ],
      rows: [
        ["lists", 'A match also has "list", "line", "metadata", and "page", "timestampSeconds", "region" or "digest".'],
        ["videos", 'A match also has "video", "kind", "segments", "queryShare" and "knownShare".'],
        [
          "banks",
          'A match also has "bank", "source", "entryId", "entryNumber", "labels", "action" and "rule", and for a known video "segments", "queryShare" and "knownShare". A file also has "action", "reasons", "revision", "prequalification" and, in the shape of "matches", "suppressed": the matches of negative banks and those that they suppress, which decide nothing.',
        ],
        ["skipped", '"quality" or "unstable": why an image was not compared.'],
      ],
    },
    {
      title: "Levels",
      text: [
        "standard and thorough have their own radii: --radius, --min-quality and --no-orientations go with fast only. A match for review is never blocked by a bank.",
        "With standard and thorough, videos are also compared without borders, bars and surrounding images. Known videos are then also found when they were cropped, zoomed or slightly rotated.",
      ],
    },
    filesSection,
    globSection,
    namesSection,
  ],
  statuses: {
    0: "Nothing was found.",
    1: "Something was found.",
    2: "Some file, list or index could not be read. Matches in the others are printed. Or nothing was found, and an entry of a list could not be read.",
  },
  examples: [
    { command: "empreinte scan --list known.csv uploads/", does: "Find the images in a folder that a list has." },
    {
      command: "empreinte scan --bank known.bank --level standard --json uploads/",
      does: "Decide by the policies of banks, and find altered copies.",
    },
    {
      command: "find . -name '*.jpg' -print0 | empreinte scan --list known.csv -0 --files-from -",
      does: "Scan the files that another program names.",
    },
  ],
  run: async (given, session) => (await import("./scan-files.js")).scanFiles(given, session),
});
