import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { Random } from "../../dist/evaluate/random.js";
import { someScene } from "../../dist/evaluate/generated/scene.js";

/** A made scene, another one for each number, as PNG: its hash has a photograph's quality. */
export function scene(number: number): Promise<Buffer> {
  const { data, width, height } = someScene(new Random("tests", number), 240, 180);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes as many different scenes into a folder, as 0.png, 1.png, …. */
export async function writeScenes(folder: string, count: number, first = 0): Promise<void> {
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `${i}.png`), await scene(first + i));
}
