/** Images, and what people do to them, on samples: no encoder between. */
import type { RawPixels } from "../../../dist/index.js";
import { random } from "../hashes.ts";

export interface Rgb extends RawPixels {
  channels: 3;
}

/** Light at several scales, as in a photograph: the coarser, the stronger; and a few things with edges. */
export function scene(seed: number, width = 360, height = 270): Rgb {
  const next = random(seed);
  const draw = (): number => next() / 2 ** 32;
  const octaves = [3, 6, 12, 24, 48, 96].map((cells) => {
    const side = cells + 2;
    return { cells, side, values: Float64Array.from({ length: 3 * side * side }, () => draw() - 0.5) };
  });
  const things = Array.from({ length: 9 }, () => ({
    x: draw(),
    y: draw(),
    across: 0.04 + 0.2 * draw(),
    down: 0.04 + 0.2 * draw(),
    tone: [0, 1, 2].map(() => 110 * (draw() - 0.5)),
  }));
  return fromEach(width, height, (x, y) => {
    const [u, v] = [x / width, y / height];
    const sum = [128, 128, 128];
    for (const { cells, side, values } of octaves) {
      const [gx, gy] = [u * cells, v * cells];
      const [ix, iy] = [Math.floor(gx), Math.floor(gy)];
      const [fx, fy] = [gx - ix, gy - iy];
      const strength = 240 / cells ** 0.5;
      for (let c = 0; c < 3; c++) {
        const value = (dx: number, dy: number): number => values[3 * ((iy + dy) * side + ix + dx) + c]!;
        const top = value(0, 0) * (1 - fx) + value(1, 0) * fx;
        const bottom = value(0, 1) * (1 - fx) + value(1, 1) * fx;
        sum[c] = sum[c]! + strength * (top * (1 - fy) + bottom * fy);
      }
    }
    for (const { x: cx, y: cy, across, down, tone } of things) {
      if (((u - cx) / across) ** 2 + ((v - cy) / down) ** 2 < 1) tone.forEach((t, c) => (sum[c] = sum[c]! + t));
    }
    const [r, g, b] = sum.map((value) => Math.max(0, Math.min(255, value)));
    return [r!, g!, b!];
  });
}

export function fromEach(width: number, height: number, at: (x: number, y: number) => [number, number, number]): Rgb {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.set(at(x, y).map(Math.round), 3 * (y * width + x));
  return { data, width, height, channels: 3 };
}

type Sample = (x: number, y: number) => [number, number, number];

/** The samples of an image at whole places; outside, its edge. */
export function at({ data, width, height }: Rgb): Sample {
  return (x, y) => {
    const i = 3 * (Math.max(0, Math.min(height - 1, y)) * width + Math.max(0, Math.min(width - 1, x)));
    return [data[i]!, data[i + 1]!, data[i + 2]!];
  };
}

/** Between samples. */
export function between(image: Rgb): Sample {
  const sample = at(image);
  return (x, y) => {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - left, y - top];
    const corners = [sample(left, top), sample(left + 1, top), sample(left, top + 1), sample(left + 1, top + 1)];
    const weights = [(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy];
    return [0, 1, 2].map((c) => corners.reduce((sum, corner, k) => sum + weights[k]! * corner[c]!, 0)) as [
      number,
      number,
      number,
    ];
  };
}

/** Shares of the sides that are cut away: left, top, right, bottom. */
export function crop(image: Rgb, left: number, top: number, right: number, bottom: number): Rgb {
  const x0 = Math.round(left * image.width);
  const y0 = Math.round(top * image.height);
  const sample = at(image);
  const width = image.width - x0 - Math.round(right * image.width);
  const height = image.height - y0 - Math.round(bottom * image.height);
  return fromEach(width, height, (x, y) => sample(x + x0, y + y0));
}

/** Turned about its middle and cut to the largest rectangle of its shape without an empty corner. */
export function turn(image: Rgb, degrees: number): Rgb {
  const { width, height } = image;
  const angle = (degrees * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const scale = 1 / (c + (Math.max(width, height) / Math.min(width, height)) * Math.abs(s));
  const sample = between(image);
  const [w, h] = [Math.floor(width * scale), Math.floor(height * scale)];
  return fromEach(w, h, (x, y) => {
    const [dx, dy] = [x + 0.5 - w / 2, y + 0.5 - h / 2];
    return sample(width / 2 + c * dx - s * dy - 0.5, height / 2 + s * dx + c * dy - 0.5);
  });
}

/** Side by side, the second brought to the first's size. */
export function beside(a: Rgb, b: Rgb): Rgb {
  const [left, right] = [at(a), at(b)];
  return fromEach(2 * a.width, a.height, (x, y) =>
    x < a.width
      ? left(x, y)
      : right(Math.floor(((x - a.width) * b.width) / a.width), Math.floor((y * b.height) / a.height)),
  );
}

export const mirrored = (p: Rgb): Rgb => fromEach(p.width, p.height, (x, y) => at(p)(p.width - 1 - x, y));
export const upsideDown = (p: Rgb): Rgb =>
  fromEach(p.width, p.height, (x, y) => at(p)(p.width - 1 - x, p.height - 1 - y));
/** Counter-clockwise. */
export const quarterTurn = (p: Rgb): Rgb => fromEach(p.height, p.width, (x, y) => at(p)(p.width - 1 - y, x));
export const negative = (p: Rgb): Rgb => ({ ...p, data: p.data.map((value) => 255 - value) });
