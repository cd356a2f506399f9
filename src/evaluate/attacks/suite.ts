import { invalidArgument } from "../../check.js";
import { InvalidArgumentError } from "../../errors.js";
import { Random } from "../random.js";
import { decoded, jpeg } from "../sharp.js";
import type { Image } from "../draw/image.js";
import { isEditName } from "../video/edits.js";
import type { Attack, SuiteAttack } from "./attack.js";
import { camera } from "./camera.js";
import { codec } from "./codec.js";
import { combined } from "./combined.js";
import { composite } from "./composite.js";
import { crop } from "./crop.js";
import { detail } from "./detail.js";
import { frame } from "./frame.js";
import { local } from "./local/local.js";
import { overlay } from "./overlay.js";
import { rotation } from "./rotation.js";
import { scale } from "./scale.js";
import { screen } from "./screen.js";
import { tone } from "./tone.js";

/** Increases with every change of what an attack does, because the figures of two versions cannot be compared. */
export const suiteVersion = 1;

const suite: readonly SuiteAttack[] = [
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

/** Every attack. The family "local" is not part of the suite, whose figures are compared from version to version. */
const known: readonly SuiteAttack[] = [...suite, ...local];

/**
 * The attack suite: what people do to images before they show them again, in the order of the report. With the same
 * version of sharp, the same seed gives the same images. Another seed gives other texts, colours, places and amounts.
 *
 * The last family, `"local"`, is used only where it is named. It leaves so little of an image that few hashes find it.
 *
 * @example
 * for (const { name, description } of attacks) console.log(name, description);
 */
export const attacks: readonly Attack[] = known;

/** Two dozen attacks of all families, for a quick run. */
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

const byName = new Map(known.map((attack) => [attack.name, attack]));

/**
 * Returns the attacks that `"suite"`, `"quick"`, or names of attacks and families stand for. Names of video edits are
 * ignored.
 *
 * @throws {InvalidArgumentError} for a name that stands for nothing.
 */
export function attacksNamed(names: "suite" | "quick" | readonly string[]): SuiteAttack[] {
  if (names === "suite") return [...suite];
  if (names !== "quick" && !Array.isArray(names)) throw invalidArgument("attacks", "suite, quick or an array", names);
  const wanted = new Set<SuiteAttack>();
  for (const name of names === "quick" ? quick : names) {
    if (isEditName(name)) continue;
    const found = known.filter((attack) => attack.name === name || attack.family === name);
    if (found.length === 0) {
      throw new InvalidArgumentError(`There is no attack or family of attacks "${String(name).slice(0, 40)}"`);
    }
    for (const attack of found) wanted.add(attack);
  }
  return known.filter((attack) => wanted.has(attack));
}

/** The quality of the JPEG that an altered image is saved as, where the coding is not the attack. */
const savedQuality = 90;

/**
 * Returns the altered image as a file.
 *
 * @param key the digest of the original. What the seed decides differs from image to image.
 */
export async function altered(
  image: Image,
  attack: SuiteAttack,
  seed: string | number,
  key: string,
): Promise<Uint8Array> {
  const result = await attack.apply(image, new Random(seed, attack.name, key));
  return result instanceof Uint8Array ? result : jpeg(result, savedQuality);
}

/**
 * Applies an attack of the suite to an encoded image.
 *
 * @param bytes an image of any format that `hashImage` reads, decoded as `hashImage` does. Above 1,280 pixels it is
 * reduced first.
 * @param name the name of an attack, for instance `"border-white-5"`.
 * @param seed decides texts, colours, places and amounts. Default 1.
 * @returns the altered image as a file: a JPEG unless the attack is another coding.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` if no attack has that name. Otherwise sharp's error
 * for an image that it cannot decode.
 *
 * @example
 * await writeFile("framed.jpg", await attackImage(await readFile("photo.jpg"), "border-white-5"));
 */
export async function attackImage(bytes: Uint8Array, name: string, seed: string | number = 1): Promise<Uint8Array> {
  const attack = byName.get(name);
  if (attack === undefined) throw invalidArgument("name", "an attack's name", name);
  return altered(await decoded(bytes), attack, seed, "");
}
