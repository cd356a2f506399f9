import type { Attack } from "../attacks/attack.js";
import type { Entry } from "./list.js";
import { Random } from "../random.js";

/** An image to look up: an entry as it is, or altered. */
export interface Query {
  /** "ATTACK/NAME", "none/NAME" for an image as it is: the same name is the same image for the same seed. */
  name: string;
  /** Position in the list of what it is a copy of. */
  entry: number;
  attack: string | undefined;
  /** False for queries that only tell how often others are found: their own entry does not count. */
  counted: boolean;
}

/**
 * All originals with all attacks, and for false matches every other image of the list as it is and with `changes` attacks
 * that the seed picks. In an order in which one image's queries follow one another.
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
