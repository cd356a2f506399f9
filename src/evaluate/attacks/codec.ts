import * as encode from "../sharp.js";
import { type SuiteAttack, family } from "./attack.js";

const jpeg = (quality: number): Omit<SuiteAttack, "family"> => ({
  name: `jpeg-${quality}`,
  description: `Saved as JPEG of quality ${quality}, 4:2:0.`,
  apply: (image) => encode.jpeg(image, quality),
});

const webp = (quality: number): Omit<SuiteAttack, "family"> => ({
  name: `webp-${quality}`,
  description: `Saved as WebP of quality ${quality}.`,
  apply: (image) => encode.webp(image, quality),
});

export const codec: SuiteAttack[] = family("codec", [
  jpeg(90),
  jpeg(50),
  jpeg(20),
  jpeg(10),
  webp(80),
  webp(20),
  {
    name: "colours-32",
    description: "Reduced to 32 colours, dithered, as GIFs are.",
    apply: (image) => encode.palette(image, 32),
  },
  {
    name: "saved-five-times",
    description: "Saved as JPEG five times, each time at another quality (40 … 80) and 1 … 3 % smaller.",
    async apply(image, random) {
      let bytes = await encode.jpeg(image, random.integer(40, 80));
      for (let i = 0; i < 4; i++) {
        const last = await encode.decoded(bytes);
        const scale = random.between(0.97, 0.99);
        const next = await encode.resized(last, last.width * scale, last.height * scale);
        bytes = await encode.jpeg(next, random.integer(40, 80));
      }
      return bytes;
    },
  },
]);
