import { lively, white } from "../draw/colours.js";
import { blank, mixed, paste, type Image } from "../draw/image.js";
import { someScene } from "../generated/scene.js";
import type { Random } from "../random.js";
import { resized } from "../sharp.js";
import { about, type SuiteAttack, family } from "./attack.js";

type FamilyAttack = Omit<SuiteAttack, "family">;

const within = (share: number): FamilyAttack => ({
  name: `inside-another-${share}`,
  description: `On another image, ${share} % as wide and high, not at the very edge.`,
  async apply(image, random) {
    const ground = await resized(someScene(random), image.width, image.height);
    const by = about(random, share / 100);
    const small = await resized(image, by * image.width, by * image.height);
    const [roomX, roomY] = [image.width - small.width, image.height - small.height];
    paste(ground, small, random.between(0.15, 0.85) * roomX, random.between(0.15, 0.85) * roomY);
    return ground;
  },
});

/** `across` × `down` cells of the image's shape with it in one of them; a thin line between them or none. */
async function collage(image: Image, across: number, down: number, random: Random): Promise<Image> {
  const gap = random.chance(0.5) ? 0 : Math.round(0.012 * image.width);
  const width = across * image.width + (across - 1) * gap;
  const height = down * image.height + (down - 1) * gap;
  const onto = blank(width, height, random.chance(0.5) ? white : mixed(white, lively(random), 0.8));
  const place = random.integer(0, across * down - 1);
  for (let i = 0; i < across * down; i++) {
    const cell = i === place ? image : await resized(someScene(random), image.width, image.height);
    paste(onto, cell, (i % across) * (image.width + gap), Math.floor(i / across) * (image.height + gap));
  }
  return resized(onto, width / Math.max(across, down), height / Math.max(across, down));
}

export const composite: SuiteAttack[] = family("composite", [
  within(50),
  within(70),
  {
    name: "collage-2",
    description: "Beside, above or below another image, with a line between or none.",
    apply: (image, random) => (random.chance(0.5) ? collage(image, 2, 1, random) : collage(image, 1, 2, random)),
  },
  {
    name: "collage-4",
    description: "One of two times two images, with lines between or none.",
    apply: (image, random) => collage(image, 2, 2, random),
  },
]);
