import { convertList, type WrittenFormat } from "../../../doors/lists.js";
import { parse, UsageError } from "../../args.js";
import { Faults, listOptions, listSource, openOptions } from "./options.js";
import { shownPath } from "../../io/names.js";
import { OutFile } from "../../io/out-file.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";

const options = { ...listOptions, output: { type: "string", short: "o" }, to: { type: "string" } } as const;

export async function toFile(path: string, texts: AsyncIterable<string>, step: () => void): Promise<void> {
  const file = await OutFile.open(path);
  try {
    for await (const text of texts) {
      await file.write(text);
      step();
    }
    await file.done();
  } finally {
    await file.drop();
  }
}

export async function toOutput(texts: AsyncIterable<string>, step: () => void): Promise<void> {
  for await (const text of texts) {
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once("drain", resolve));
    step();
  }
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new UsageError("Expected one FILE");
  const { output, to, nation } = values;
  if (output === undefined || output === "") throw new UsageError("No -o OUT is given");
  if (to === undefined) throw new UsageError("No --to FORMAT is given");
  const quiet = values.quiet === true;
  const faults = new Faults(quiet, session);
  const progress = new Progress(session, quiet, "entries");
  const conversion = await convertList(listSource(path), {
    ...openOptions(path, values, session),
    to: to as WrittenFormat,
    ...(nation !== undefined && { write: { nation } }),
    onProblem: faults.add,
  });
  const step = (): void => void (progress.done = conversion.entries);
  try {
    if (output === "-") await toOutput(conversion, step);
    else await toFile(output, conversion, step);
  } finally {
    progress.stop();
  }
  faults.end();
  const { leftOut, entries } = conversion;
  if (!quiet) {
    for (const [name, count] of Object.entries(leftOut))
      session.note(`left out: ${shownPath(name)}, ${count.toLocaleString("en")}`);
    session.note(`${shownPath(output)}: ${entries.toLocaleString("en")} entries, from ${conversion.list.format}`);
  }
  return faults.count > 0 ? status.found : status.nothing;
}
