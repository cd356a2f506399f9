import { HashList } from "../../../index.js";
import { parse, UsageError } from "../../args.js";
import { shownPath } from "../../io/names.js";
import { Problems } from "../../io/problems.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";

const options = {
  output: { type: "string", short: "o" },
  memory: { type: "string" },
  "allow-trivial-hashes": { type: "boolean" },
  quiet: { type: "boolean" },
} as const;

const memories = ["full", "lean", "rows"] as const;
/** A bank is a byte. */
const mostLists = 256;

function memoryOf(text = "full"): (typeof memories)[number] {
  const memory = memories.find((one) => one === text);
  if (memory === undefined) throw new UsageError(`Expected ${memories.join(", ")} for --memory`);
  return memory;
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals: lists } = parse(args, options);
  const memory = memoryOf(values.memory);
  if (lists.length === 0) throw new UsageError("No list is given");
  if (lists.length > mostLists)
    throw new UsageError(`Expected at most ${mostLists} lists but received ${lists.length}`);
  if (values.output === undefined || values.output === "") throw new UsageError("No -o FILE is given");
  const quiet = values.quiet === true;
  const problems = new Problems(quiet, session);
  const progress = new Progress(session, quiet, "entries");
  const start = performance.now();
  try {
    using known = await HashList.build(lists, values.output, {
      memory,
      allowTrivialHashes: values["allow-trivial-hashes"] === true,
      onProblem: problems.add,
      onProgress: (entries) => (progress.done = entries),
      signal: session.signal,
    });
    progress.stop();
    problems.end();
    const empty = known.lists.filter(({ entries }) => entries === 0);
    for (const { name } of empty) session.note(`${shownPath(name)}: The list has no usable hash`);
    if (!quiet) {
      const count = known.size.toLocaleString("en");
      const from = known.lists.length === 1 ? "1 list" : `${known.lists.length} lists`;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      session.note(`${shownPath(values.output)}: ${count} entries of ${from} in ${seconds} s`);
    }
    return empty.length > 0 ? status.trouble : status.nothing;
  } finally {
    progress.stop();
  }
}
