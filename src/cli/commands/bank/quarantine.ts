import { parse } from "../../args.js";
import { entryJson, entryLine, onlyStore, withStore } from "./store.js";
import { type Session, status } from "../../io/session.js";

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, { json: { type: "boolean" } });
  const file = onlyStore(positionals);
  return withStore(file, async (store) => {
    for (const entry of [...store.quarantined(), ...store.flooded()]) {
      await session.line(values.json ? entryJson(entry) : entryLine(entry));
    }
    return status.nothing;
  });
}
