import { parse } from "../../args.js";
import { actorOption, entryNamed, fileAnd, orNoted, sourceOptions, withStore } from "./store.js";
import { shownPath } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, { ...sourceOptions, ...actorOption });
  const [file, ...entries] = fileAnd(positionals, "at least one ENTRY");
  const named = entries.map((text) => entryNamed(text, values));
  return withStore(
    file,
    async (store) => {
      let trouble = false;
      for (const [i, name] of named.entries()) {
        const done = await orNoted(session, () => {
          if (store.release(name)) return;
          session.note(`${shownPath(entries[i]!)}: Neither quarantined nor flooded`);
          trouble = true;
        });
        trouble ||= !done;
      }
      return trouble ? status.trouble : status.nothing;
    },
    values,
  );
}
