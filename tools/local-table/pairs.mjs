// Pairs of histograms of one place: in a photograph, and in a changed copy of it.
import sharp from "sharp";
import { native } from "../../dist/native/load.js";
import { randomCopy } from "./warps.mjs";

const mostSide = 1000;
const cells = 4;
const directions = 8;
export const values = cells * cells * directions;

async function greyOf(file) {
  const { data, info } = await sharp(file)
    .resize(mostSide, mostSide, { fit: "inside", withoutEnlargement: true })
    .flatten({ background: "#fff" })
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1) throw new Error(`${file} is not grey`);
  return { data, width: info.width, height: info.height };
}

/** The points of an image in its own pixels, and their histograms. */
async function pointsOf({ data, width, height }, registered) {
  const pixels = { data, width, height, channels: 1, stride: width };
  const handle = await native.createLocalQuery(pixels, registered ? { registered } : {}, undefined);
  const places = native.localQueryPlaces(handle);
  const histograms = native.localQueryHistograms(handle);
  native.closeLocalQuery(handle);
  // The sizes of working copies: native/local/point.h.
  const longest = Math.max(width, height);
  const side = registered || longest < 512 ? Math.min(512, 4 * longest) : Math.min(1024, longest);
  const scale = longest / side;
  return Array.from({ length: places.length / 4 }, (_, i) => ({
    x: places[4 * i] * scale,
    y: places[4 * i + 1] * scale,
    sigma: places[4 * i + 2] * scale,
    angle: places[4 * i + 3],
    histogram: histograms.subarray(i * values, (i + 1) * values),
  }));
}

/** What the mirrored image has at the same place. */
function mirrored(histogram) {
  const out = new Uint8Array(values);
  for (let y = 0; y < cells; y++)
    for (let x = 0; x < cells; x++)
      for (let b = 0; b < directions; b++)
        out[(y * cells + x) * directions + b] = histogram[((cells - 1 - y) * cells + x) * directions + ((8 - b) % 8)];
  return out;
}

const turned = (a, b) => Math.abs(((((a - b) % (2 * Math.PI)) + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);

/** The point of the copy that is the original's: within 0.6 sigmas, 2^0.4 in size and 0.4 radians, or undefined. */
function samePoint(point, points, map, width, height) {
  const [x, y] = map.map(point.x, point.y);
  const [ax, ay] = map.map(point.x + 0.5, point.y);
  const [bx, by] = map.map(point.x, point.y + 0.5);
  const jacobian = [2 * (ax - x), 2 * (bx - x), 2 * (ay - y), 2 * (by - y)];
  const sigma = point.sigma * Math.sqrt(Math.abs(jacobian[0] * jacobian[3] - jacobian[1] * jacobian[2]));
  if (x < 2 * sigma || y < 2 * sigma || x > width - 2 * sigma || y > height - 2 * sigma) return undefined;
  const [c, s] = [Math.cos(point.angle), Math.sin(point.angle)];
  const angle = Math.atan2(jacobian[2] * c + jacobian[3] * s, jacobian[0] * c + jacobian[1] * s);
  let best;
  let least = Infinity;
  for (const other of points) {
    const apart = ((other.x - x) ** 2 + (other.y - y) ** 2) / sigma ** 2;
    const size = Math.abs(Math.log2(other.sigma / sigma));
    const turn = turned(other.angle, angle);
    if (apart >= 0.36 || size >= 0.4 || turn >= 0.4) continue;
    const cost = apart + size + turn;
    if (cost < least) [best, least] = [other, cost];
  }
  return best;
}

/**
 * Adds the pairs of one photograph to `pairs`, {a, b, photograph}, and its registered histograms to `all`. It makes
 * `copies` changed copies.
 */
export async function addPairs(file, photograph, copies, random, pairs, all) {
  const image = await greyOf(file);
  const points = await pointsOf(image, 400);
  for (const { histogram } of points) all.push({ histogram, photograph });
  for (let i = 0; i < copies; i++) {
    const { copy, map } = await randomCopy(image, random);
    const found = await pointsOf(copy);
    for (const point of points) {
      const other = samePoint(point, found, map, copy.width, copy.height);
      if (other === undefined) continue;
      const b = map.mirrored ? mirrored(other.histogram) : other.histogram;
      pairs.push({ a: point.histogram, b, photograph });
    }
  }
}
