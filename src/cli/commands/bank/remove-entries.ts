import { jsonText } from "../../io/names.js";
import type { Readable } from "node:stream";
import type { Selection } from "../../../doors/bank.js";
import type { SignalType } from "../../../doors/lists.js";
import { type Session, status } from "../../io/session.js";
import type { Given, OptionValues } from "../../table/command.js";
import { UsageError } from "../../table/parse.js";
import { entryNamed, withStore } from "./store.js";
import { counted } from "../../io/counted.js";

/** The arguments of withdraw and erase. */
export const removalArguments = {
  file: { does: "The store." },
  entry: {
    repeat: true,
    optional: true,
    files: false,
    does: "The source's id of an entry, with --bank and --source, or the store's number of it, such as `#17`.",
  },
} as const;

/** The options of withdraw and erase. */
export const removalOptions = {
  bank: { type: "text", value: "BANK", does: "The bank." },
  source: { type: "text", value: "SOURCE", needs: ["bank"], does: "The source in that bank." },
  all: {
    type: "flag",
    needs: ["bank", "source"],
    does: "Every entry of the source, permanently, even those that the source has withdrawn.",
  },
  case: { type: "text", value: "CASE", repeat: true, does: "Every entry of a case." },
  hash: {
    type: "text",
    value: "HASH",
    repeat: true,
    does: "Every entry that has, or ever had, this hash. `-` reads hashes from standard input, where neither the shell's history nor the list of processes shows them.",
  },
  type: {
    type: "choice",
    value: "TYPE",
    choices: ["pdq", "vpdq", "md5", "sha1", "sha256"],
    needs: ["hash"],
    does: "The type of --hash: `pdq`, `vpdq`, `md5`, `sha1` or `sha256`.",
    defaultText: "pdq",
  },
  json: {
    type: "flag",
    does: 'Print an object for each removal: `{"revision","entries","signals","stoppedAfter","goneAfter"}`.',
  },
  actor: {
    type: "text",
    value: "NAME",
    does: "Write NAME into the audit log as the person who did it.",
    defaultText: "the system's user",
  },
} as const;

export const removalUsage = [
  "[options] FILE ENTRY…",
  "--all --bank BANK --source SOURCE FILE",
  "--case CASE FILE",
  "--hash HASH FILE",
] as const;

export const removalStatuses = { 0: "It is done.", 2: "There was nothing to remove, or something failed." } as const;

type RemovalInput = Given<typeof removalArguments, typeof removalOptions>;

/** Returns the hashes of `--hash`; `-` stands for those on standard input. */
async function hashesOf(given: readonly string[], stdin: Readable): Promise<string[]> {
  if (!given.includes("-")) return [...given];
  let text = "";
  for await (const chunk of stdin) text += String(chunk);
  return given.flatMap((one) => (one === "-" ? text.split(/\s+/).filter(Boolean) : [one]));
}

async function selections(
  entries: string[],
  values: OptionValues<typeof removalOptions>,
  stdin: Readable,
): Promise<Selection[]> {
  const { bank, source, all, case: cases, hash, type } = values;
  const kinds = [entries.length, cases.length, hash.length, all ? 1 : 0].filter((count) => count > 0);
  if (kinds.length !== 1) throw new UsageError("Expected one of ENTRY, --case, --hash and --all");
  if (all) return [{ bank: bank!, source: source! }];
  const hashes = await hashesOf(hash, stdin);
  return [
    ...entries.map((text) => entryNamed(text, values)),
    ...cases.map((name) => ({ case: name })),
    ...hashes.map((value) => ({ hash: value, ...(type !== undefined && { type: type as SignalType }) })),
  ];
}

/** Removes the selected entries and prints what was removed, and how fast. */
export async function removeEntries(
  kind: "withdraw" | "erase",
  { arguments: { file, entry: entries }, options }: RemovalInput,
  session: Session,
): Promise<number> {
  const all = await selections(entries, options, session.stdin);
  return withStore(
    file,
    async (store) => {
      let none = false;
      for (const selection of all) {
        const done = await store[kind](selection);
        none ||= done.entries === 0;
        const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
        const times = `stopped matching after ${ms(done.stoppedAfter)}, gone after ${ms(done.goneAfter)}`;
        const text = `${counted(done.entries, "entry")}, ${counted(done.signals, "value")}: ${times}`;
        await session.line(options.json ? jsonText(done) : text);
      }
      return none ? status.trouble : status.nothing;
    },
    options,
  );
}
