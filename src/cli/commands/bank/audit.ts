import { jsonText } from "../../io/names.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { actorOption, doneStatuses, fileArgument } from "./options.js";
import { withStore } from "./store.js";

/** Records read at a time. */
const step = 10_000;

export const command: Command = defineCommand({
  name: "bank audit",
  summary: "Print the audit log of a store: what was done, by whom and when",
  description: [
    'Prints JSON Lines, oldest first: `{"number","time","who","what","revision","detail"}`. Hashes are shortened to 8 digits, and entries have their number.',
    "Records are never changed. Only records older than the retention are removed. It is a year unless --keep changes it.",
  ],
  arguments: { file: fileArgument },
  options: {
    after: { type: "integer", value: "N", least: 0, default: 0, does: "Print only records after this number." },
    keep: {
      type: "integer",
      value: "DAYS",
      least: 1,
      most: 36600,
      does: "Change the retention. Older records are removed at once.",
    },
    ...actorOption,
  },
  statuses: doneStatuses,
  examples: [{ command: "empreinte bank audit known.bank", does: "Print the whole log." }],
  async run({ arguments: { file }, options }, session) {
    return withStore(
      file,
      async (store) => {
        if (options.keep !== undefined) store.setAuditDays(options.keep);
        for (let { after } = options; ;) {
          const some = store.audit({ after, limit: step });
          for (const { number: record, time, ...rest } of some) {
            await session.line(jsonText({ number: record, time: new Date(time), ...rest }));
          }
          if (some.length < step || session.signal.aborted) return status.nothing;
          after = some.at(-1)!.number;
        }
      },
      options,
    );
  },
});
