import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { convertList, EmpreinteError, type WrittenFormat } from "../index.js";
import { parse, UsageError } from "./args.js";
import { Faults, listOptions, listSource, openOptions } from "./list-options.js";
import { shownPath } from "./names.js";
import { Progress } from "./progress.js";
import { type Session, status } from "./session.js";

const options = { ...listOptions, output: { type: "string", short: "o" }, to: { type: "string" } } as const;

/** Writes to a file beside `path` and renames it when all is there. */
export async function toFile(path: string, texts: AsyncIterable<string>, step: () => void): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  let file: FileHandle | undefined;
  try {
    file = await written(path, open(beside, "wx", 0o600));
    for await (const text of texts) {
      await written(path, file.writeFile(text));
      step();
    }
    await written(path, file.sync());
    await file.close();
    await written(path, rename(beside, path));
    file = undefined;
  } finally {
    // Also after an error that the disk itself makes: what is there is not a list.
    if (file !== undefined) {
      await file.close().catch(() => undefined);
      await rm(beside, { force: true });
    }
  }
}

/** A failure of the disk, by the name of the file. */
async function written<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${shownPath(path)} cannot be written: ${why}`, { cause });
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
