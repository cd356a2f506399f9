import { parse } from "../../args.js";
import { onlyStore, withStore } from "./store.js";
import { shownPath } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";

export async function run(args: string[], session: Session): Promise<number> {
  const { positionals } = parse(args, {});
  const file = onlyStore(positionals);
  let wrong: string[];
  try {
    wrong = await withStore(file, (store) => store.verify());
  } catch (error) {
    // A store that is damaged where opening it looks.
    if ((error as { code?: unknown }).code !== "ERR_EMPREINTE_BANK_FILE") throw error;
    wrong = [(error as Error).message];
  }
  for (const sentence of wrong) await session.line(`${shownPath(file)}: ${sentence}`);
  return wrong.length > 0 ? status.found : status.nothing;
}
