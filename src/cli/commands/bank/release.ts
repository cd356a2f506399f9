import { shownPath } from "../../io/names.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { actorOption, fileArgument, sourceOptions } from "./options.js";
import { removalArguments } from "./remove-entries.js";
import { entryNamed, orNoted, withStore } from "./store.js";

export const command: Command = defineCommand({
  name: "bank release",
  summary: "Release quarantined or flooded entries, so that they match",
  description: ["A quarantined entry matches from then on. A flooded entry counts as it did before."],
  arguments: { file: fileArgument, entry: { repeat: true, files: false, does: removalArguments.entry.does } },
  options: { ...sourceOptions, ...actorOption },
  statuses: { 0: "It is done.", 2: "Some entries were neither quarantined nor flooded, or do not exist." },
  examples: [{ command: "empreinte bank release known.bank '#17'", does: "Release an entry by the store's number." }],
  async run({ arguments: { file, entry: entries }, options }, session) {
    const names = entries.map((text) => entryNamed(text, options));
    return withStore(
      file,
      async (store) => {
        let trouble = false;
        for (const [i, name] of names.entries()) {
          const done = await orNoted(session, () => {
            if (store.release(name)) return;
            session.note(`${shownPath(entries[i]!)}: Neither quarantined nor flooded`);
            trouble = true;
          });
          trouble ||= !done;
        }
        return trouble ? status.trouble : status.nothing;
      },
      options,
    );
  },
});
