/** Another style of the whole image: two colours, few levels, drawings, night. */
import { hsv } from "../../draw/colours.js";
import { byte, type Image, mixed, recoloured, toned } from "../../draw/image.js";
import { blurred, clahe } from "../../sharp.js";
import { noisy } from "../detail.js";
import type { LocalAttack } from "./local-attack.js";
import { part } from "./parts.js";

const luma = (r: number, g: number, b: number): number => 0.299 * r + 0.587 * g + 0.114 * b;

/** Flat colours in smooth regions, with dark lines where the light changes. */
async function cartoon(image: Image, levels: number): Promise<Image> {
  const smooth = await blurred(image, (2 * Math.max(image.width, image.height)) / 512);
  const { data, width, height } = smooth;
  const light = Float32Array.from({ length: width * height }, (_, i) =>
    luma(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!),
  );
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const across = light[i + (x + 1 < width ? 1 : 0)]! - light[i - (x > 0 ? 1 : 0)]!;
      const down = light[i + (y + 1 < height ? width : 0)]! - light[i - (y > 0 ? width : 0)]!;
      const line = Math.hypot(across, down) > 24 ? 0.15 : 1;
      for (let c = 0; c < 3; c++) {
        const level = Math.round((data[3 * i + c]! / 255) * (levels - 1)) / (levels - 1);
        out[3 * i + c] = byte(255 * level * line);
      }
    }
  }
  return { data: out, width, height };
}

export const styles: readonly LocalAttack[] = [
  {
    name: "duotone",
    description: "A dark and a light colour instead of dark and light.",
    apply(image, random) {
      const hue = random.between(0, 360);
      const dark = hsv(hue, 0.9, 0.3);
      const light = hsv((hue + random.between(120, 240)) % 360, 0.5, 1);
      return recoloured(image, (r, g, b, out) => {
        const colour = mixed(dark, light, luma(r, g, b) / 255);
        out[0] = colour[0];
        out[1] = colour[1];
        out[2] = colour[2];
      });
    },
  },
  {
    name: "posterise-4",
    description: "Four levels in each channel.",
    apply: (image) => toned(image, (sample) => 85 * Math.round(sample / 85)),
  },
  {
    name: "solarise",
    description: "Samples above a level of 110 … 145 reversed.",
    apply(image, random) {
      const from = random.between(110, 145);
      return toned(image, (sample) => (sample > from ? 255 - sample : sample));
    },
  },
  {
    name: "cartoon",
    description: "Smoothed, five levels in each channel, dark lines where the light changes.",
    apply: (image) => cartoon(image, 5),
  },
  {
    name: "night",
    description: "A fifth of the light, a blue cast and noise.",
    apply: (image, random) =>
      noisy(
        recoloured(image, (r, g, b, out) => {
          out[0] = 0.16 * r;
          out[1] = 0.2 * g;
          out[2] = 0.3 * b + 6;
        }),
        4,
        random,
      ),
  },
  {
    name: "clahe-twice",
    description: "Contrast-limited adaptive histogram equalisation, twice.",
    apply: async (image, random) => clahe(await clahe(image, random.integer(6, 10), 4), random.integer(6, 10), 4),
  },
  {
    name: "faded",
    description: "A third of the contrast, light.",
    apply: (image) => toned(image, (sample) => 150 + sample / 3),
  },
  {
    name: "part-50-negative",
    description: "A part of 50 %, every sample from 255.",
    apply: (image, random) => toned(part(image, 50, random), (sample) => 255 - sample),
  },
];
