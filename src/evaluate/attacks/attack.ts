import type { Image } from "../draw/image.js";
import type { Random } from "../random.js";

/** The families of attacks. Recall is also given for each family. */
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
  "local",
] as const;
export type AttackFamily = (typeof attackFamilies)[number];

/** Something that people do to an image before they show it again. */
export interface Attack {
  /** The name in lower case, with the amount in per cent, degrees or the unit of the tool: "border-white-5". */
  name: string;
  /** The family that it belongs to. */
  family: AttackFamily;
  /** One sentence about what is done and what the seed decides. */
  description: string;
}

/** An attack of the suite. */
export interface SuiteAttack extends Attack {
  /**
   * Returns the altered image, or the bytes of one where the coding is the attack. An image is then saved as JPEG of
   * quality
   * 90. Everything that is chosen is chosen by `random`.
   */
  apply: (image: Image, random: Random) => Image | Uint8Array | Promise<Image | Uint8Array>;
}

/** Adds the name of the family to its attacks. */
export function family(name: AttackFamily, attacks: readonly Omit<SuiteAttack, "family">[]): SuiteAttack[] {
  return attacks.map((attack) => ({ ...attack, family: name }));
}

/** Varies an amount by up to a twentieth, as somebody does with a slider. */
export function about(random: Random, amount: number): number {
  return amount * random.between(0.95, 1.05);
}
