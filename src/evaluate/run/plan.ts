import type { Attack } from "../attacks/attack.js";
import type { Entry } from "./list.js";
import { Random } from "../random.js";

/** An image to search for: an entry, unaltered or altered. */
export interface Query {
  /** `"ATTACK/NAME"`, or `"none/NAME"` for an unaltered image. With the same seed the same name means the same image. */
  name: string;
  /** The position in the list of the entry that it is a copy of. */
  entry: number;
  attack: string | undefined;
  /** False for queries that only count false matches: their own entry does not count. */
  counted: boolean;
}

/**
 * Returns the queries: all originals with all attacks. For false matches, it adds every other image of the list, unaltered
 * and with `changes` attacks that the seed picks. The queries of one image follow each other.
 */
export function plan(
  entries: readonly Entry[],
  attacks: readonly Attack[],
  changes: number,
  seed: string | number,
): Query[] {
  return entries.flatMap((entry, i) => {
    const own = entry.stratum === "original";
    const random = new Random(seed, "unrelated", entry.digest);
    const some = own ? attacks : Array.from({ length: attacks.length === 0 ? 0 : changes }, () => random.pick(attacks));
    const query = (attack: string | undefined): Query => ({
      name: `${attack ?? "none"}/${entry.name}`,
      entry: i,
      attack,
      counted: own && attack !== undefined,
    });
    return [undefined, ...new Set(some.map(({ name }) => name))].map(query);
  });
}
