import { hsv, lively } from "../draw/colours.js";
import { byte, type Colour, mix, mixed, type Image, painted } from "../draw/image.js";
import { box, cover, disc, polygon, type Point, type Shape } from "../draw/shapes.js";
import type { Random } from "../random.js";

/** Smooth random values on a grid, between −1 and 1, read between its points. */
function noiseField(random: Random, cells: number): (x: number, y: number) => number {
  const grid = Float32Array.from({ length: (cells + 2) ** 2 }, () => random.between(-1, 1));
  return (x, y) => {
    const [u, v] = [Math.min(Math.max(x, 0), 1) * cells, Math.min(Math.max(y, 0), 1) * cells];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const smooth = (t: number): number => t * t * (3 - 2 * t);
    const [s, t] = [smooth(u - i), smooth(v - j)];
    const at = j * (cells + 2) + i;
    return mix(mix(grid[at]!, grid[at + 1]!, s), mix(grid[at + cells + 2]!, grid[at + cells + 3]!, s), t);
  };
}

/** Noise of several sizes, the coarse ones strongest, as in clouds and ground. */
function fractal(random: Random, cells: number, octaves: number): (x: number, y: number) => number {
  const fields = Array.from({ length: octaves }, (_, i) => noiseField(random, cells * 2 ** i));
  return (x, y) => fields.reduce((sum, field, i) => sum + field(x, y) * 0.55 ** i, 0);
}

/** Draws an object in a scene: its shape, and a colour that falls off to one side. */
function thing(
  random: Random,
  width: number,
  height: number,
): { shape: Shape; colourAt: (x: number, y: number) => Colour } {
  const x = random.between(0.05, 0.95) * width;
  const y = random.between(0.2, 0.95) * height;
  const size = random.between(0.05, 0.28) * Math.min(width, height);
  const kind = random.pick(["disc", "box", "polygon"]);
  const corners = random.integer(3, 7);
  const around = Array.from({ length: corners }, (_, i): Point => {
    const angle = ((i + random.between(0, 0.6)) / corners) * 2 * Math.PI;
    const far = size * random.between(0.5, 1);
    return [x + far * Math.cos(angle), y + far * Math.sin(angle)];
  });
  const shape =
    kind === "disc"
      ? disc(x, y, size)
      : kind === "box"
        ? box(
            x - size / 2,
            y - size,
            size * random.between(0.5, 1.5),
            size * random.between(0.8, 2),
            random.between(0, 8),
          )
        : polygon(around);
  const [lit, shade] = [lively(random), lively(random)];
  const turn = random.between(0, 2 * Math.PI);
  const [cos, sin] = [Math.cos(turn) / (2 * size), Math.sin(turn) / (2 * size)];
  return {
    shape,
    colourAt: (u, v) => mixed(lit, shade, Math.min(1, Math.max(0, 0.5 + (u - x) * cos + (v - y) * sin))),
  };
}

/**
 * Draws a made landscape or still life: sky, hills or a room's planes, things in it, grain. With detail everywhere and
 * light from one side, its hash has the quality of a photograph's.
 */
export function someScene(random: Random, width = 420, height: number = random.pick([280, 315, 420, 525])): Image {
  const horizon = random.between(0.25, 0.75);
  const [sky, low, ground, far] = [
    hsv(random.between(0, 360), random.between(0.1, 0.6), random.between(0.5, 1)),
    lively(random),
    lively(random),
    lively(random),
  ];
  const clouds = fractal(random, random.integer(2, 4), 5);
  const soil = fractal(random, random.integer(3, 8), 5);
  const ridge = fractal(random, random.integer(2, 6), 4);
  const rough = random.between(0.03, 0.16);
  const skyline = Float32Array.from({ length: width }, (_, x) => horizon + rough * ridge(x / width, 0.5));
  const scene = painted(width, height, (x, y) => {
    const [u, v] = [x / width, y / height];
    const line = skyline[x]!;
    if (v < line) return mixed(mixed(sky, far, v / line), [250, 250, 250], 0.45 * Math.max(0, clouds(u, v)));
    const depth = (v - line) / Math.max(0.05, 1 - line);
    const light = 0.75 + 0.35 * soil(u, v);
    const base = mixed(low, ground, depth);
    return [base[0] * light, base[1] * light, base[2] * light];
  });
  for (let i = random.integer(3, 12); i > 0; i--) {
    const { shape, colourAt } = thing(random, width, height);
    cover(scene, shape, 1, colourAt);
  }
  const grain = random.between(1, 6);
  for (let i = 0; i < scene.data.length; i += 3) {
    const speck = grain * (random.next() + random.next() - 1);
    for (let c = 0; c < 3; c++) scene.data[i + c] = byte(scene.data[i + c]! + speck);
  }
  return scene;
}
