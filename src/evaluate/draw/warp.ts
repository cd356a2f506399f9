import { byte, type Colour, type Image } from "./image.js";
import type { Point } from "./shapes.js";

/** Row-major 3×3; (x, y, 1) to (u·w, v·w, w). */
export type Homography = readonly number[];
export type Corners = readonly [Point, Point, Point, Point];

/** Returns the corners of a rectangle: top left, top right, bottom right, bottom left. */
export function cornersOf(left: number, top: number, width: number, height: number): Corners {
  return [
    [left, top],
    [left + width, top],
    [left + width, top + height],
    [left, top + height],
  ];
}

/** The one that takes the unit square's corners to these (Heckbert 1989, section 2.2.3). */
function fromUnitSquare([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]: Corners): number[] {
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const det = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / det;
  const h = (dx1 * sy - sx * dy1) / det;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1];
}

function inverse(m: Homography): number[] {
  const [a, b, c, d, e, f, g, h, i] = m as [number, number, number, number, number, number, number, number, number];
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

function product(m: Homography, n: Homography): number[] {
  const cell = (row: number, column: number): number =>
    m[3 * row]! * n[column]! + m[3 * row + 1]! * n[3 + column]! + m[3 * row + 2]! * n[6 + column]!;
  return Array.from({ length: 9 }, (_, k) => cell(Math.floor(k / 3), k % 3));
}

/** Returns the one that takes each of four points to its partner. No three of a side on one line. */
export function homography(from: Corners, to: Corners): Homography {
  return product(fromUnitSquare(to), inverse(fromUnitSquare(from)));
}

/**
 * Makes a new image whose pixel (x, y) is the source's at `toSource`·(x, y), interpolated between four neighbours.
 * Outside the source it is `ground`: one colour, an image of the new size, or `"edge"`, the nearest pixel. The seam is
 * softened over one pixel.
 */
export function warped(
  source: Image,
  width: number,
  height: number,
  toSource: Homography,
  ground: Colour | Image | "edge",
): Image {
  const data = new Uint8Array(3 * width * height);
  const m = toSource as [number, number, number, number, number, number, number, number, number];
  const from = source.data;
  const [right, bottom] = [source.width - 1, source.height - 1];
  const colour = typeof ground === "string" || "data" in ground ? undefined : ground;
  const under = typeof ground !== "string" && "data" in ground ? ground.data : undefined;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const w = m[6] * (x + 0.5) + m[7] * (y + 0.5) + m[8];
      const u = (m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2]) / w;
      const v = (m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5]) / w;
      const inside = 0.5 + Math.min(u, source.width - u, v, source.height - v);
      const share = ground === "edge" || inside >= 1 ? 1 : Math.max(0, inside);
      const s = Math.min(Math.max(u - 0.5, 0), right);
      const t = Math.min(Math.max(v - 0.5, 0), bottom);
      const [x0, y0] = [Math.floor(s), Math.floor(t)];
      const k = 3 * (y0 * source.width + x0);
      const across = x0 < right ? k + 3 : k;
      const down = y0 < bottom ? 3 * source.width : 0;
      for (let c = 0; c < 3; c++) {
        const base = colour?.[c] ?? under?.[i + c] ?? 0;
        if (share === 0) {
          data[i + c] = base;
          continue;
        }
        const above = from[k + c]! + (from[across + c]! - from[k + c]!) * (s - x0);
        const below = from[k + down + c]! + (from[across + down + c]! - from[k + down + c]!) * (s - x0);
        data[i + c] = byte(base + (above + (below - above) * (t - y0) - base) * share);
      }
    }
  }
  return { data, width, height };
}

/** Turned clockwise by `degrees` about the middle; the new image has the given size, in the same scale. */
export function rotated(
  source: Image,
  degrees: number,
  width: number,
  height: number,
  ground: Colour | Image | "edge",
): Image {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const shift = (a: number, b: number, half: number): number => half - (a * width) / 2 - (b * height) / 2;
  const matrix = [cos, sin, shift(cos, sin, source.width / 2), -sin, cos, shift(-sin, cos, source.height / 2), 0, 0, 1];
  return warped(source, width, height, matrix, ground);
}
