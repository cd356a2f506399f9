import type { Selection, SignalType } from "../../../doors/bank.js";
import { parse, UsageError } from "../../args.js";
import { actorOption, entryNamed, fileAnd, sourceOptions, withStore } from "./store.js";
import { type Session, status } from "../../io/session.js";

const options = {
  ...sourceOptions,
  ...actorOption,
  all: { type: "boolean" },
  case: { type: "string", multiple: true },
  hash: { type: "string", multiple: true },
  type: { type: "string" },
  json: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parse<typeof options>>["values"];

/** `-`: a hash a line from standard input, which neither the list of processes nor the shell's history shows. */
async function hashesOf(given: readonly string[]): Promise<string[]> {
  if (!given.includes("-")) return [...given];
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  return given.flatMap((one) => (one === "-" ? text.split(/\s+/).filter(Boolean) : [one]));
}

async function selections(values: Values, entries: string[]): Promise<Selection[]> {
  const { bank, source, all, case: cases = [], hash = [], type } = values;
  const hashes = await hashesOf(hash);
  const ways = [entries.length, cases.length, hash.length, all === true ? 1 : 0].filter((count) => count > 0);
  if (ways.length !== 1) throw new UsageError("Expected one of ENTRY, --case, --hash and --all");
  if (type !== undefined && hash.length === 0) throw new UsageError("Expected --hash beside --type");
  if (all === true) {
    // A forgotten ENTRY must not mean the whole source.
    if (bank === undefined || source === undefined) throw new UsageError("Expected --bank and --source beside --all");
    return [{ bank, source }];
  }
  return [
    ...entries.map((text) => entryNamed(text, values)),
    ...cases.map((name) => ({ case: name })),
    ...hashes.map((value) => ({ hash: value, ...(type !== undefined && { type: type as SignalType }) })),
  ];
}

async function end(kind: "withdraw" | "erase", args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [file, ...entries] = fileAnd(positionals, "");
  const all = await selections(values, entries);
  return withStore(
    file,
    async (store) => {
      let none = false;
      for (const selection of all) {
        const done = await store[kind](selection);
        none ||= done.entries === 0;
        const { stoppedAfter, goneAfter } = done;
        const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
        const text = `${done.entries} entries, ${done.signals} values: stopped matching after ${ms(stoppedAfter)}, gone after ${ms(goneAfter)}`;
        await session.line(values.json ? JSON.stringify(done) : text);
      }
      return none ? status.trouble : status.nothing;
    },
    values,
  );
}

export const withdraw = {
  run: (args: string[], session: Session): Promise<number> => end("withdraw", args, session),
};
export const erase = {
  run: (args: string[], session: Session): Promise<number> => end("erase", args, session),
};
