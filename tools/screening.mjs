// How far the hash of a JPEG that the decoder reduces by itself is from the hash of the whole image: what a search that
// first decodes at a half, a quarter or an eighth would have to allow for. For each quality and scale it prints the
// median and the largest distance in bits, of the reduced image as it is, and enlarged again, so that its samples are
// where they were.
//
//   node tools/screening.mjs FOLDER…
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { hashDistance, hashImage } from "../dist/index.js";

const qualities = [40, 75, 95];
const scales = [2, 4, 8];
const leastQuality = 50;

/** The images of the folders, cropped to multiples of 64 pixels, so that every scale is whole. */
async function* images(folders) {
  for (const folder of folders) {
    for (const name of (await readdir(folder)).sort()) {
      if (!/\.(png|jpe?g|webp)$/i.test(name)) continue;
      const image = sharp(join(folder, name));
      const { width, height } = await image.metadata();
      const [w, h] = [width, height].map((side) => side - (side % 64));
      if (Math.min(w, h) < 128) continue;
      yield image.extract({ left: 0, top: 0, width: w, height: h }).removeAlpha().toColourspace("srgb");
    }
  }
}

const hashRaw = async (pipeline) => {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return (await hashImage({ data, width, height, channels })).hash;
};

/** Distances by quality, scale and kind. */
const distances = new Map();
const note = (key, distance) => distances.set(key, [...(distances.get(key) ?? []), distance]);

let count = 0;
for await (const image of images(process.argv.slice(2))) {
  for (const quality of qualities) {
    const jpeg = await image.clone().jpeg({ quality }).toBuffer();
    const whole = await hashImage(jpeg);
    if (whole.quality < leastQuality || !whole.stable) continue;
    count++;
    const { width, height } = whole;
    for (const scale of scales) {
      // The decoder reduces by itself, since the size is a whole part of the image's.
      const options = { fit: "fill", fastShrinkOnLoad: true };
      const reduced = await sharp(jpeg)
        .resize(width / scale, height / scale, options)
        .png()
        .toBuffer();
      const enlarged = sharp(reduced).resize(width, height, { fit: "fill", kernel: "cubic" });
      const key = `quality ${quality}, 1/${scale}`;
      note(`${key}, as it is`, hashDistance(whole.hash, await hashRaw(sharp(reduced))));
      note(`${key}, enlarged`, hashDistance(whole.hash, await hashRaw(enlarged)));
    }
  }
}
console.log(`${count} JPEGs`);
for (const [key, all] of distances) {
  all.sort((a, b) => a - b);
  console.log(`${key}: median ${all[all.length >> 1]}, largest ${all.at(-1)}`);
}
