import type { Attack } from "../attacks/attack.js";
import { Random } from "../random.js";
import type { ListItem } from "./list.js";

/** An image to search for: a listed image as it is, or altered. */
export interface PlannedQuery {
  /** "ATTACK/NAME", or "none/NAME" for an image as it is. With the same seed, the same name is the same image. */
  name: string;
  /** The position in the list of the image that it is a copy of. */
  listIndex: number;
  /** The name of the attack; undefined for an image as it is. */
  attack: string | undefined;
  /** False for queries that only show how often other images are found: finding their own image does not count. */
  counted: boolean;
}

/** Returns whether an attack puts something around an image. */
export function isFraming({ family }: Attack): boolean {
  return family === "frame" || family === "screen";
}

/**
 * Plans the queries: all originals with all attacks and, for false matches, every other listed image as it is and with
 * `changes` attacks that the seed picks. Generated images with edges of the frame's colour go through all attacks that
 * put something around them, unless `changes` is 0. The queries of one image follow one another.
 */
export function plan(
  items: readonly ListItem[],
  attacks: readonly Attack[],
  changes: number,
  seed: string | number,
): PlannedQuery[] {
  return items.flatMap((item, listIndex) => {
    const own = item.stratum === "original";
    const random = new Random(seed, "unrelated", item.digest);
    const picked = (): Attack[] =>
      Array.from({ length: attacks.length === 0 ? 0 : changes }, () => random.pick(attacks));
    const framing = attacks.filter(isFraming);
    const some = own ? attacks : item.stratum === "edges" && changes > 0 && framing.length > 0 ? framing : picked();
    const query = (attack: string | undefined): PlannedQuery => ({
      name: `${attack ?? "none"}/${item.name}`,
      listIndex,
      attack,
      counted: own && attack !== undefined,
    });
    return [undefined, ...new Set(some.map(({ name }) => name))].map(query);
  });
}
