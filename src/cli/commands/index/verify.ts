import { IndexError, HashList } from "../../../index.js";
import { parse } from "../../args.js";
import { onlyFile } from "./info.js";
import { shownPath, textLine } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";

export async function run(args: string[], session: Session): Promise<number> {
  const path = onlyFile(parse(args, {}).positionals);
  try {
    using known = await HashList.open(path, { signal: session.signal });
    await session.line(textLine([path, `sound, ${known.size.toLocaleString("en")} entries`], ": "));
    return status.nothing;
  } catch (error) {
    // What cannot be read at all goes to main, which ends with 2.
    if (!(error instanceof IndexError)) throw error;
    await session.line(`${session.red("damaged:")} ${shownPath(error.message)}`);
    return status.found;
  }
}
