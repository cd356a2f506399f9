import { byte, type Colour, mix, type Image } from "./image.js";

/**
 * Shapes by their signed distance: negative inside, in pixels. Drawn here and not by a library, so that the same seed
 * gives the same pixels wherever the suite runs, without the system's fonts.
 */
export interface Shape {
  /** Outside of this box there is nothing of it. */
  left: number;
  top: number;
  right: number;
  bottom: number;
  distance: (x: number, y: number) => number;
}

/** Math.hypot guards against overflow, which pixels have no use for, at ten times the time. */
function far(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

export type Point = readonly [number, number];

export function disc(x: number, y: number, radius: number): Shape {
  return {
    left: x - radius,
    top: y - radius,
    right: x + radius,
    bottom: y + radius,
    distance: (u, v) => far(u - x, v - y) - radius,
  };
}

export function ring(x: number, y: number, radius: number, width: number): Shape {
  return {
    ...disc(x, y, radius + width / 2),
    distance: (u, v) => Math.abs(far(u - x, v - y) - radius) - width / 2,
  };
}

/** Makes a rectangle, its corners rounded by `radius`. */
export function box(left: number, top: number, width: number, height: number, radius = 0): Shape {
  const r = Math.min(radius, width / 2, height / 2);
  const [halfWidth, halfHeight] = [width / 2 - r, height / 2 - r];
  return {
    left,
    top,
    right: left + width,
    bottom: top + height,
    distance: (u, v) => {
      const dx = Math.abs(u - left - width / 2) - halfWidth;
      const dy = Math.abs(v - top - height / 2) - halfHeight;
      return far(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - r;
    },
  };
}

function toSegment(u: number, v: number, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((u - ax) * dx + (v - ay) * dy) / length));
  return far(u - ax - t * dx, v - ay - t * dy);
}

function around(points: readonly Point[], margin: number): Omit<Shape, "distance"> {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return {
    left: Math.min(...xs) - margin,
    top: Math.min(...ys) - margin,
    right: Math.max(...xs) + margin,
    bottom: Math.max(...ys) + margin,
  };
}

/** Lines through the points with a round pen. */
export function lines(strokes: readonly (readonly Point[])[], width: number): Shape {
  return {
    ...around(strokes.flat(), width / 2),
    distance: (u, v) => {
      let least = Infinity;
      for (const stroke of strokes) {
        for (let i = Math.min(1, stroke.length - 1); i < stroke.length; i++) {
          least = Math.min(least, toSegment(u, v, stroke[Math.max(0, i - 1)]!, stroke[i]!));
        }
      }
      return least - width / 2;
    },
  };
}

export function polygon(points: readonly Point[]): Shape {
  return {
    ...around(points, 0),
    distance: (u, v) => {
      let least = Infinity;
      let inside = false;
      points.forEach((b, i) => {
        const a = points[(i + points.length - 1) % points.length]!;
        least = Math.min(least, toSegment(u, v, a, b));
        if (a[1] > v !== b[1] > v && u < a[0] + ((v - a[1]) / (b[1] - a[1])) * (b[0] - a[0])) inside = !inside;
      });
      return inside ? -least : least;
    },
  };
}

/** Covers the pixels of `shape` with a colour, the edge softened over one pixel. */
export function draw(onto: Image, shape: Shape, colour: Colour, opacity = 1): void {
  cover(onto, shape, opacity, () => colour);
}

/** Draws as `draw` does, with the colour of each pixel from `colourAt`. */
export function cover(onto: Image, shape: Shape, opacity: number, colourAt: (x: number, y: number) => Colour): void {
  const x0 = Math.max(0, Math.floor(shape.left - 1));
  const x1 = Math.min(onto.width - 1, Math.ceil(shape.right + 1));
  const y1 = Math.min(onto.height - 1, Math.ceil(shape.bottom + 1));
  for (let y = Math.max(0, Math.floor(shape.top - 1)); y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const share = opacity * Math.min(1, Math.max(0, 0.5 - shape.distance(x + 0.5, y + 0.5)));
      if (share === 0) continue;
      const colour = colourAt(x, y);
      const i = 3 * (y * onto.width + x);
      for (let c = 0; c < 3; c++) onto.data[i + c] = byte(mix(onto.data[i + c]!, colour[c]!, share));
    }
  }
}
