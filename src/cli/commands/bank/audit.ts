import { number, parse } from "../../args.js";
import { actorOption, onlyStore, withStore } from "./store.js";
import { type Session, status } from "../../io/session.js";

const options = { ...actorOption, after: { type: "string" }, keep: { type: "string" } } as const;
/** Records at a time. */
const step = 10_000;

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const file = onlyStore(positionals);
  let after = number("after", values.after, { least: 0 }) ?? 0;
  const days = number("keep", values.keep, { least: 1, most: 36_600 });
  return withStore(
    file,
    async (store) => {
      if (days !== undefined) store.setAuditDays(days);
      for (;;) {
        const some = store.audit({ after, limit: step });
        for (const { number: record, time, ...rest } of some) {
          await session.line(JSON.stringify({ number: record, time: new Date(time), ...rest }));
        }
        if (some.length < step || session.signal.aborted) return status.nothing;
        after = some.at(-1)!.number;
      }
    },
    values,
  );
}
