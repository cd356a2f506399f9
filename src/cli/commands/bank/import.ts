import type { ImportCounts } from "../../../doors/bank.js";
import { jsonText, shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { status } from "../../io/session.js";
import { defined } from "../../io/defined.js";
import { type Command, defineCommand } from "../../table/command.js";
import { listOptions, openOptions } from "../list/options.js";
import { actorOption, fileArgument } from "./options.js";
import { orNoted, withStore } from "./store.js";

const countNames: Record<string, string> = {
  cropsLeftOut: "hashes of crops left out",
  weakFrames: "frames that are not searched for",
};

function summary(counts: ImportCounts & { problems: number }): string {
  return Object.entries(counts)
    .filter(([name, count]) => count > 0 || name === "added")
    .map(([name, count]) => `${(count as number).toLocaleString("en")} ${countNames[name] ?? name}`)
    .join(", ");
}

export const command: Command = defineCommand({
  name: "bank import",
  summary: "Import the entries of a source from lists",
  description: [
    "Adds new entries, updates changed ones and withdraws withdrawn ones. Entries that LIST does not name stay as they are. Importing the same list again changes nothing. A stopped import continues where it stopped.",
    "Crop lines of `empreinte list create --crops` become one entry with the line of their image.",
    "Hashes that would match unrelated images are held back: trivial hashes, hashes below --min-quality, and hashes near the --benign sample. `empreinte bank quarantine` prints them. Such hashes of crops are left out.",
  ],
  arguments: {
    file: fileArgument,
    list: { repeat: true, does: "A list in any format that `list check` reads, or `-` for standard input." },
  },
  options: {
    bank: { type: "text", value: "BANK", required: true, does: "The bank." },
    source: {
      type: "text",
      value: "SOURCE",
      required: true,
      does: "The source of the entries. Entry ids belong to their source.",
    },
    benign: {
      type: "file",
      value: "PATH",
      repeat: true,
      does: "A list, an image or a folder of images that are known to be harmless.",
    },
    "benign-radius": {
      type: "integer",
      value: "N",
      least: 0,
      most: 256,
      does: "A hash hits a benign one that differs in at most N bits.",
      defaultText: "31",
    },
    "min-quality": {
      type: "integer",
      value: "N",
      least: 0,
      most: 100,
      does: "Hold back hashes of a known quality below N.",
      defaultText: "50",
    },
    restart: { type: "flag", does: "Start with the first entry, even if some were imported before." },
    json: { type: "flag", does: "Print a JSON object for each list." },
    ...actorOption,
    ...listOptions,
  },
  sections: [
    {
      title: "JSON",
      rows: [
        [
          "list",
          '{"list", "added", "changed", "unchanged", "withdrawn", "quarantined", "stale", "refused", "cropsLeftOut", "weakFrames", "problems"}',
        ],
      ],
    },
  ],
  statuses: { 0: "It is done.", 2: "Some entries or lists could not be read. The others were imported." },
  examples: [
    {
      command: "empreinte bank import known.bank page1.xml page2.xml --bank ncmec --source industry",
      does: "Import two pages of a list.",
    },
  ],
  async run({ arguments: { file, list: lists }, options }, session) {
    const { benignOf } = await import("./benign.js");
    const { importList } = await import("./import-list.js");
    const { bank, source, quiet, json, restart, minQuality, benignRadius } = options;
    const benign = options.benign.length > 0 ? await benignOf(options.benign, session) : undefined;
    const screen = defined({ minQuality, benignRadius, benign });
    return withStore(
      file,
      async (store) => {
        let trouble = false;
        for (const path of lists) {
          const progress = new Progress(session, quiet, "entries");
          const listOptionsOf = openOptions(path, options, session);
          const given = { store, from: { bank, source }, listOptions: listOptionsOf, screen, restart, quiet, session };
          try {
            const done = await orNoted(session, async () => {
              const { counts, problems } = await importList(path, { ...given, progress });
              progress.stop();
              trouble ||= problems > 0;
              if (json) await session.line(jsonText({ list: path, ...counts, problems }));
              else await session.line(`${shownPath(path)}: ${summary({ ...counts, problems })}`);
            });
            trouble ||= !done;
          } catch (error) {
            if (!session.signal.aborted) throw error;
            const count = progress.done.toLocaleString("en");
            if (!quiet)
              session.note(`${shownPath(path)}: stopped after ${count} entries; the same command goes on from there`);
            return status.interrupted;
          } finally {
            progress.stop();
          }
        }
        return trouble ? status.trouble : status.nothing;
      },
      options,
    );
  },
});
