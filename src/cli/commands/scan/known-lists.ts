import { HashList } from "../../../index.js";
import { shownPath } from "../../io/names.js";
import { pipeOrPath } from "../../io/files/pipes.js";
import { Problems } from "../../io/problems.js";
import type { Session } from "../../io/session.js";

/** Codes of a list or index that is left out while the others are searched. */
const unusable: unknown[] = ["ERR_EMPREINTE_READ", "ERR_EMPREINTE_INDEX_FILE", "ERR_EMPREINTE_LIST"];

export interface KnownLists {
  lists: HashList[];
  /** A list could not be read, or has nothing to match. */
  trouble: boolean;
  /** Some entry of a list could not be read, so that "nothing was found" would be wrong. */
  unread: boolean;
}

/** Loads each list and index by itself, so that one that cannot be read does not hide the matches of the others. */
export async function loadLists(
  {
    list,
    index,
    allowTrivialHashes,
    quiet,
  }: { list: string[]; index: string[]; allowTrivialHashes: boolean; quiet: boolean },
  session: Session,
): Promise<KnownLists> {
  const lists: HashList[] = [];
  let [trouble, unread] = [false, false];
  const { signal } = session;
  const fromList = async (path: string): Promise<HashList> => {
    const problems = new Problems(quiet, session);
    const known = await HashList.load(
      { name: path, input: pipeOrPath(path) },
      { allowTrivialHashes, digests: true, onProblem: problems.add, signal },
    );
    problems.end();
    unread ||= problems.unread;
    return known;
  };
  const fromIndex = (path: string): Promise<HashList> => HashList.open(path, { signal });
  const sources = [
    ...list.map((path) => ({ path, open: fromList, empty: "The list has no usable hash" })),
    ...index.map((path) => ({ path, open: fromIndex, empty: "The index is empty" })),
  ];
  for (const { path, open, empty } of sources) {
    try {
      const known = await open(path);
      if (known.size + known.digests > 0) lists.push(known);
      else {
        trouble = true;
        session.note(`${shownPath(path)}: ${empty}`);
      }
    } catch (error) {
      if (!unusable.includes((error as { code?: unknown }).code)) throw error;
      trouble = true;
      session.note((error as Error).message);
    }
  }
  return { lists, trouble, unread };
}
