import { lively, night } from "../draw/colours.js";
import { byte, framed, mixed, painted, type Image, recoloured } from "../draw/image.js";
import { cornersOf, type Corners, homography, warped } from "../draw/warp.js";
import type { Random } from "../random.js";
import { blurred, jpeg } from "../sharp.js";
import { type SuiteAttack, family } from "./attack.js";
import { noisy } from "./detail.js";
import { vignetted } from "./tone.js";

/** Corners of `width` × `height`, each moved inwards by up to `share` of the sides, the largest by all of it. */
function keystone(width: number, height: number, share: number, random: Random): Corners {
  const moves = Array.from({ length: 4 }, () => [random.next(), random.next()] as const);
  const most = Math.max(...moves.flat());
  const [a, b, c, d] = moves.map(([x, y]) => [(x / most) * share * width, (y / most) * share * height] as const);
  return [
    [a![0], a![1]],
    [width - b![0], b![1]],
    [width - c![0], height - c![1]],
    [d![0], height - d![1]],
  ];
}

/** The part of the image between four points, as a rectangle: a crop in perspective. */
function cutInPerspective(image: Image, share: number, random: Random): Image {
  const { width, height } = image;
  const corners = keystone(width, height, share, random);
  return warped(image, width, height, homography(cornersOf(0, 0, width, height), corners), "edge");
}

/** Draws a desk or a wall: a soft gradient with grain. */
export function surface(width: number, height: number, random: Random): Image {
  const [from, to] = [mixed(lively(random), [90, 85, 80], 0.6), mixed(lively(random), [60, 58, 55], 0.6)];
  const [fx, fy, grain] = [random.between(0.01, 0.05), random.between(0.002, 0.01), random.between(4, 12)];
  return painted(width, height, (x, y) => {
    const base = mixed(from, to, 0.5 + 0.3 * Math.sin(fx * x + fy * y * 3) + 0.2 * (y / height - 0.5));
    const speck = grain * (random.next() - 0.5);
    return [base[0] + speck, base[1] + speck, base[2] + speck];
  });
}

/** The image in perspective on a surface, its corners inside a middle part of `size` of the sides. */
function onSurface(image: Image, size: number, share: number, random: Random): Image {
  const width = Math.round(image.width / size);
  const height = Math.round(image.height / size);
  const [left, top] = [
    random.between(0.2, 0.8) * (width - image.width),
    random.between(0.2, 0.8) * (height - image.height),
  ];
  const inner = keystone(image.width, image.height, share, random);
  const corners = inner.map(([x, y]) => [x + left, y + top] as const) as unknown as Corners;
  const toImage = homography(corners, cornersOf(0, 0, image.width, image.height));
  return warped(image, width, height, toImage, surface(width, height, random));
}

/** Returns the grid of a display against that of a sensor: slow beats, another one in each channel. */
export function moire(image: Image, depth: number, random: Random): Image {
  const angle = random.between(-0.3, 0.3);
  const pitch = random.between(6, 16);
  const phases = [0, 2.1, 4.2].map((phase) => phase + random.between(-0.3, 0.3));
  const [kx, ky] = [(2 * Math.PI * Math.cos(angle)) / pitch, (2 * Math.PI * Math.sin(angle)) / pitch];
  const data = new Uint8Array(image.data.length);
  for (let y = 0, i = 0; y < image.height; y++) {
    const row = 1 + 0.5 * depth * Math.sin(0.9 * kx * y);
    for (let x = 0; x < image.width; x++) {
      const at = kx * x + ky * y;
      for (let c = 0; c < 3; c++, i++) {
        data[i] = byte(image.data[i]! * row * (1 + depth * Math.sin(at + phases[c]!)));
      }
    }
  }
  return { ...image, data };
}

/** Returns what the camera adds: a soft lens, a cast, dark corners, noise, and its JPEG. */
export async function photographed(image: Image, random: Random): Promise<Uint8Array> {
  const soft = await blurred(image, random.between(0.6, 1.2));
  const [warm, light] = [random.between(-0.08, 0.08), random.between(0.85, 1.1)];
  const cast = recoloured(soft, (r, g, b, out) => {
    out[0] = r * light * (1 + warm);
    out[1] = g * light;
    out[2] = b * light * (1 - warm);
  });
  return jpeg(noisy(vignetted(cast, random.between(0.6, 0.85)), random.between(3, 7), random), random.integer(75, 88));
}

export const camera: SuiteAttack[] = family("camera", [
  {
    name: "perspective-cut-3",
    description: "A crop in perspective: corners up to 3 % of the sides inside.",
    apply: (image, random) => cutInPerspective(image, 0.03, random),
  },
  {
    name: "perspective-cut-8",
    description: "A crop in perspective: corners up to 8 % of the sides inside.",
    apply: (image, random) => cutInPerspective(image, 0.08, random),
  },
  {
    name: "perspective-on-surface-8",
    description: "A print on a surface: corners moved by up to 8 % of the sides, 70 … 85 % of the frame.",
    apply: (image, random) => onSurface(image, random.between(0.7, 0.85), 0.08, random),
  },
  {
    name: "screen-photo-tight",
    description: "A photograph of a display that fills it, up to the bezel: moiré, keystone of 3 %, cast, blur, noise.",
    apply(image, random) {
      const shown = moire(image, random.between(0.05, 0.1), random);
      const edge = random.between(0.02, 0.05) * image.width;
      const display = framed(shown, { left: edge, top: edge, right: edge, bottom: edge }, night(random));
      return photographed(cutInPerspective(display, 0.03, random), random);
    },
  },
  {
    name: "screen-photo-loose",
    description:
      "A photograph of a display on a desk: bezel, 60 … 75 % of the frame, keystone of 8 %, moiré, cast, noise.",
    apply(image, random) {
      const shown = moire(image, random.between(0.05, 0.1), random);
      const edge = random.between(0.03, 0.05) * image.width;
      const display = framed(shown, { left: edge, top: edge, right: edge, bottom: 1.5 * edge }, night(random));
      return photographed(onSurface(display, random.between(0.6, 0.75), 0.08, random), random);
    },
  },
]);
