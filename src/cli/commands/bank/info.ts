import { stat } from "node:fs/promises";
import { parse } from "../../args.js";
import { policyText } from "./policy.js";
import { onlyStore, withStore } from "./store.js";
import { jsonPath, textLine } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, { json: { type: "boolean" } });
  const file = onlyStore(positionals);
  return withStore(file, async (store) => {
    const { revision, size: signals, auditDays } = store;
    const banks = store.banks();
    const sources = store.sources();
    const fileBytes = (await stat(file)).size;
    if (values.json) {
      const about = { revision, signals, fileBytes, auditDays, banks, sources };
      await session.line(JSON.stringify({ ...jsonPath(file), ...about }));
      return status.nothing;
    }
    const count = (n: number): string => n.toLocaleString("en");
    await session.line(`revision ${count(revision)}, ${count(signals)} signals to match, ${count(fileBytes)} bytes`);
    for (const { name, purpose, negative, policy } of banks) {
      const kind = negative ? "bank (negative)" : "bank";
      await session.line(
        textLine([`${kind} ${name}: ${policyText(policy)}${purpose === "" ? "" : `; ${purpose}`}`], ""),
      );
      for (const { source, active, quarantined, withdrawn } of sources.filter(({ bank }) => bank === name)) {
        const counts = `${count(active)} active, ${count(quarantined)} quarantined, ${count(withdrawn)} withdrawn`;
        await session.line(textLine([`  source ${source}: ${counts}`], ""));
      }
    }
    return status.nothing;
  });
}
