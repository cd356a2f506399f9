import type { Image } from "../draw/image.js";
import type { Random } from "../random.js";

/** What kind of thing is done to an image; recall is also given by family. */
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
export type AttackFamily = (typeof attackFamilies)[number];

/** Something that people do to an image before they show it again. */
export interface Attack {
  /** Lower-case, with the amount in per cent, degrees or the unit of the tool: "border-white-5". */
  name: string;
  family: AttackFamily;
  /** One sentence: what is done, and what the seed decides. */
  description: string;
  /**
   * The altered image, or the bytes of one where the coding is the attack. Everything that is chosen is chosen by
   * `random`. An image is then saved as JPEG of quality 90.
   */
  apply: (image: Image, random: Random) => Image | Uint8Array | Promise<Image | Uint8Array>;
}

/** A family's attacks without its name in each. */
export function family(name: AttackFamily, attacks: readonly Omit<Attack, "family">[]): Attack[] {
  return attacks.map((attack) => ({ ...attack, family: name }));
}

/** A nominal amount as somebody with a slider meets it: within a twentieth. */
export function about(random: Random, amount: number): number {
  return amount * random.between(0.95, 1.05);
}
