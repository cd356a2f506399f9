import type { Image } from "../draw/image.js";
import type { Random } from "../random.js";

/** The families of attacks. The report also has the recall of each family. */
export const attackFamilies = [
  "codec",
  "scale",
  "detail",
  "tone",
  "overlay",
  "frame",
  "crop",
  "rotation",
  "screen",
  "composite",
  "camera",
  "combined",
] as const;
/** The name of a family of attacks. */
export type AttackFamily = (typeof attackFamilies)[number];

/** Something that people do to an image before they show it again. */
export interface Attack {
  /** A lower-case name with the amount in percent, degrees or the unit of the tool: `"border-white-5"`. */
  name: string;
  /** The family that it belongs to. */
  family: AttackFamily;
  /** One sentence that says what is done and what the seed decides. */
  description: string;
  /**
   * Returns the altered image, or its bytes where the coding is the attack. Every choice is made by `random`. An image
   * is then saved as a JPEG of quality 90.
   */
  apply: (image: Image, random: Random) => Image | Uint8Array | Promise<Image | Uint8Array>;
}

/** Adds the name of the family to each attack. */
export function family(name: AttackFamily, attacks: readonly Omit<Attack, "family">[]): Attack[] {
  return attacks.map((attack) => ({ ...attack, family: name }));
}

/** Varies a nominal amount by up to a twentieth, as somebody with a slider would. */
export function about(random: Random, amount: number): number {
  return amount * random.between(0.95, 1.05);
}
