import { shownPath } from "../../io/names.js";
import { pipeOrPath } from "../../io/files/pipes.js";
import { Problems } from "../../io/problems.js";
import { Progress } from "../../io/progress.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { UsageError } from "../../table/parse.js";
import { counted } from "../../io/counted.js";

/** The tag of an entry's list is a byte. */
const mostLists = 256;

export const command: Command = defineCommand({
  name: "index build",
  summary: "Build an index of lists",
  description: [
    "Reads the lists and writes FILE and `FILE.entries`. There are always the old files or the new ones, even after a crash. The position of a list, from 0, is the tag of its entries. Lines that cannot be read are reported with their numbers, and the command continues.",
  ],
  arguments: { list: { repeat: true, does: "A list in any format that `scan --list` reads; at most 256." } },
  options: {
    output: { type: "file", value: "FILE", short: "o", required: true, does: "Write the index to FILE." },
    memory: {
      type: "choice",
      value: "KIND",
      choices: ["full", "lean", "rows"],
      default: "full",
      does: "`full`: the fastest searches, 16 tables, some 112 bytes for each hash. `lean`: 8 tables, some 72 bytes, about ten times the time of a query. `rows`: no tables, some 36 bytes, every search is a scan.",
    },
    "allow-trivial-hashes": {
      type: "flag",
      does: "Keep entries that would match unrelated images: all zero, constant and so on.",
    },
    quiet: { type: "flag", does: "Print no progress or notes. Errors are still printed." },
  },
  statuses: {
    0: "The index was built.",
    2: "A list cannot be read or FILE cannot be written, and FILE is not changed. Or a list has no usable hash, or entries that cannot be read, and FILE is written without them.",
  },
  examples: [
    { command: "empreinte index build known.csv partner.csv -o known.idx", does: "Make one index of two lists." },
  ],
  async run({ arguments: { list: lists }, options }, session) {
    const { output, memory, allowTrivialHashes, quiet } = options;
    if (lists.length > mostLists)
      throw new UsageError(`Expected at most ${mostLists} lists but received ${lists.length}`);
    const { HashList } = await import("../../../index.js");
    const problems = new Problems(quiet, session);
    const progress = new Progress(session, quiet, "entries");
    const start = performance.now();
    const sources = lists.map((path) => ({ name: path, input: pipeOrPath(path) }));
    try {
      using known = await HashList.build(sources, output, {
        memory,
        allowTrivialHashes,
        onProblem: problems.add,
        onProgress: (entries) => (progress.done = entries),
        signal: session.signal,
      });
      progress.stop();
      problems.end();
      const empty = known.lists.filter(({ entries }) => entries === 0);
      for (const { name } of empty) session.note(`${shownPath(name)}: The list has no usable hash`);
      if (!quiet) {
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        session.note(
          `${shownPath(output)}: ${counted(known.size, "entry")} of ${counted(known.lists.length, "list")} in ${seconds} s`,
        );
      }
      return empty.length > 0 || problems.unread ? status.trouble : status.nothing;
    } finally {
      progress.stop();
    }
  },
});
