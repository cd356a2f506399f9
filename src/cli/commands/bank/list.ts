import type { EntryStatus } from "../../../doors/bank.js";
import { parse } from "../../args.js";
import { entryJson, entryLine, onlyStore, sourceOptions, withStore } from "./store.js";
import { type Session, status } from "../../io/session.js";

const options = {
  ...sourceOptions,
  status: { type: "string" },
  derived: { type: "boolean" },
  json: { type: "boolean" },
} as const;

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const file = onlyStore(positionals);
  const { json, status: wanted, ...from } = values;
  const filter = { ...from, ...(wanted !== undefined && { status: wanted as EntryStatus }) };
  return withStore(file, async (store) => {
    for (const entry of store.entries(filter)) {
      if (session.signal.aborted) break;
      await session.line(json ? entryJson(entry) : entryLine(entry));
    }
    return status.nothing;
  });
}
