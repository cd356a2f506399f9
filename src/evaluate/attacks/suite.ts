import { invalidArgument } from "../../check.js";
import { InvalidArgumentError } from "../../errors.js";
import { Random } from "../random.js";
import { decoded, jpeg } from "../sharp.js";
import type { Image } from "../draw/image.js";
import { isEditName } from "../video/edits.js";
import type { Attack } from "./attack.js";
import { camera } from "./camera.js";
import { codec } from "./codec.js";
import { combined } from "./combined.js";
import { composite } from "./composite.js";
import { crop } from "./crop.js";
import { detail } from "./detail.js";
import { frame } from "./frame.js";
import { overlay } from "./overlay.js";
import { rotation } from "./rotation.js";
import { scale } from "./scale.js";
import { screen } from "./screen.js";
import { tone } from "./tone.js";

/** The version of the suite. It increases with every change of what an attack does. */
export const suiteVersion = 1;

/**
 * The attack suite: what people do to images before they show them again, in the order of the report. The same seed and
 * version of sharp give the same images. Another seed gives other texts, colours, places and amounts.
 */
export const attacks: readonly Attack[] = [
  ...codec,
  ...scale,
  ...detail,
  ...tone,
  ...overlay,
  ...frame,
  ...crop,
  ...rotation,
  ...screen,
  ...composite,
  ...camera,
  ...combined,
];

/** Two dozen attacks of all families, for a quick evaluation. */
const quick = [
  "jpeg-50",
  "webp-20",
  "resize-quarter",
  "blur-2",
  "noise-10",
  "gamma-2",
  "equalise",
  "logo-15",
  "text-below",
  "border-white-5",
  "border-colour-10",
  "caption-bar-below-10",
  "fit-9x16-black",
  "crop-each-2",
  "crop-each-5",
  "crop-side-10",
  "rotate-cut-2",
  "rotate-canvas-5",
  "mirror",
  "screenshot-feed-light",
  "screenshot-chat",
  "inside-another-70",
  "collage-2",
  "screen-photo-tight",
  "crop-5-caption-bar",
];

const byName = new Map(attacks.map((attack) => [attack.name, attack]));

/**
 * Returns the attacks of `"suite"`, `"quick"`, or names of attacks and families. Names of video edits are ignored.
 * @throws {InvalidArgumentError} for an unknown name.
 */
export function attacksNamed(names: "suite" | "quick" | readonly string[]): Attack[] {
  if (names === "suite") return [...attacks];
  const wanted = new Set<Attack>();
  for (const name of names === "quick" ? quick : names) {
    if (isEditName(name)) continue;
    const found = attacks.filter((attack) => attack.name === name || attack.family === name);
    if (found.length === 0) {
      throw new InvalidArgumentError(`There is no attack or family of attacks "${String(name).slice(0, 40)}"`);
    }
    for (const attack of found) wanted.add(attack);
  }
  return attacks.filter((attack) => wanted.has(attack));
}

/** The quality of the JPEG that an altered image is saved as, where the coding is not the attack. */
const savedQuality = 90;

/**
 * Returns the altered image as a file. `key` is the digest of the original, so that the seed decides differently for
 * each image.
 */
export async function altered(image: Image, attack: Attack, seed: string | number, key: string): Promise<Uint8Array> {
  const result = await attack.apply(image, new Random(seed, attack.name, key));
  return result instanceof Uint8Array ? result : jpeg(result, savedQuality);
}

/**
 * Applies one attack of the suite to an encoded image: JPEG, PNG, GIF, WebP, TIFF or AVIF. Returns a file, which is a
 * JPEG unless the attack is another coding.
 * @param bytes The image. It is decoded as `hashImage` does, and reduced to at most 1,280 pixels a side.
 * @param name The name of an attack, for instance `"border-white-5"`.
 * @param seed The seed of texts, colours, places and amounts. Default 1.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` when no attack has that name. It rejects with sharp's
 * error for an image that sharp cannot decode.
 *
 * @example
 * await writeFile("framed.jpg", await attackImage(await readFile("photo.jpg"), "border-white-5"));
 */
export async function attackImage(bytes: Uint8Array, name: string, seed: string | number = 1): Promise<Uint8Array> {
  const attack = byName.get(name);
  if (attack === undefined) throw invalidArgument("name", "an attack's name", name);
  return altered(await decoded(bytes), attack, seed, "");
}
