import { checkOptions } from "../check.js";
import type { ImageInput } from "../image/input.js";
import type { HashIndex } from "../search/hash-index.js";
import { copyOptionNames, findCopies } from "../copies/search-copies.js";
import type { CopyMatch, CopyOptions, CopyResult } from "../copies/types.js";
import { isCropLine } from "../lists/crops.js";
import type { Entries } from "./entries.js";

/** As `CopyOptions`; which lines are one entry, the list says. */
export type KnownCopyOptions = Omit<CopyOptions, "entryOf">;

/** A line of a list that the picture is an altered copy of. */
export interface KnownCopyMatch extends Omit<CopyMatch, "id" | "entry"> {
  /** The name of the list. */
  list: string;
  /** The entry's line in the list, from 1; of a derived one the original's. */
  line: number;
  /** What the list says of the entry. */
  metadata: string;
}

export interface KnownCopyResult extends Omit<CopyResult, "matches"> {
  /** An entry each, matches before reviews, the nearest first. */
  matches: KnownCopyMatch[];
}

/** A registration has at most so many lines. */
const linesEach = 64;

/** The entry that a derived line belongs to: the last one before it, as far as there may be, that is not derived. */
function originalOf(id: number, entries: Entries): number {
  for (let at = id; at >= 0 && at > id - linesEach; at--) {
    if (!isCropLine(entries.metadata(at))) return at;
  }
  return id;
}

/** As `findCopies`, with what the lists say of each entry. */
export async function findKnownCopies(
  input: ImageInput,
  index: HashIndex,
  entries: Entries,
  listOf: (id: number) => string,
  options: KnownCopyOptions | undefined,
): Promise<KnownCopyResult> {
  const names = copyOptionNames.filter((name) => name !== "entryOf");
  const given = checkOptions(options, names);
  const { matches, ...rest } = await findCopies(input, index, { ...given, entryOf: (id) => originalOf(id, entries) });
  return {
    ...rest,
    matches: matches.map((match): KnownCopyMatch => {
      const { tier, distance, view, region, orientation, supportCount, entry } = match;
      const seen = {
        tier,
        distance,
        view,
        ...(region && { region }),
        ...(orientation && { orientation }),
        supportCount,
      };
      return { ...seen, list: listOf(entry), line: entries.line(entry), metadata: entries.metadata(entry) };
    }),
  };
}
