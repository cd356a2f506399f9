import { lively, white } from "../draw/colours.js";
import { blank, mixed, paste, type Picture } from "../draw/picture.js";
import { someScene } from "../generated/scene.js";
import type { Random } from "../random.js";
import { resized } from "../sharp.js";
import { about, type Attack, family } from "./attack.js";

type Entry = Omit<Attack, "family">;

const within = (share: number): Entry => ({
  name: `inside-another-${share}`,
  description: `On another picture, ${share} % as wide and high, not at the very edge.`,
  async apply(picture, random) {
    const ground = await resized(someScene(random), picture.width, picture.height);
    const by = about(random, share / 100);
    const small = await resized(picture, by * picture.width, by * picture.height);
    const [roomX, roomY] = [picture.width - small.width, picture.height - small.height];
    paste(ground, small, random.between(0.15, 0.85) * roomX, random.between(0.15, 0.85) * roomY);
    return ground;
  },
});

/** `across` × `down` cells of the picture's shape with it in one of them; a thin line between them or none. */
async function collage(picture: Picture, across: number, down: number, random: Random): Promise<Picture> {
  const gap = random.chance(0.5) ? 0 : Math.round(0.012 * picture.width);
  const width = across * picture.width + (across - 1) * gap;
  const height = down * picture.height + (down - 1) * gap;
  const onto = blank(width, height, random.chance(0.5) ? white : mixed(white, lively(random), 0.8));
  const place = random.integer(0, across * down - 1);
  for (let i = 0; i < across * down; i++) {
    const cell = i === place ? picture : await resized(someScene(random), picture.width, picture.height);
    paste(onto, cell, (i % across) * (picture.width + gap), Math.floor(i / across) * (picture.height + gap));
  }
  return resized(onto, width / Math.max(across, down), height / Math.max(across, down));
}

export const composite: Attack[] = family("composite", [
  within(50),
  within(70),
  {
    name: "collage-2",
    description: "Beside, above or below another picture, with a line between or none.",
    apply: (picture, random) => (random.chance(0.5) ? collage(picture, 2, 1, random) : collage(picture, 1, 2, random)),
  },
  {
    name: "collage-4",
    description: "One of two times two pictures, with lines between or none.",
    apply: (picture, random) => collage(picture, 2, 2, random),
  },
]);
