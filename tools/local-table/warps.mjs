// Known warps of a grey photograph: what cropping, screens, messengers and cameras do to it, in one.
import sharp from "sharp";

const uniform = (random, from, to) => from + (to - from) * random();

/** A random map of image points as a 3×3 matrix, and the size of its result. */
function randomMap(random, width, height) {
  const scale = Math.exp(uniform(random, Math.log(0.3), Math.log(1.2)));
  let turn = 0;
  if (random() < 0.6) {
    const kind = Math.floor(3 * random());
    turn = kind === 0 ? uniform(random, -45, 45) : kind === 1 ? uniform(random, -5, 5) : 90 * Math.floor(4 * random());
  }
  const mirrored = random() < 0.3;
  const stretch = random() < 0.4 ? Math.exp(uniform(random, -0.08, 0.08)) : 1;
  const [c, s] = [Math.cos((turn * Math.PI) / 180) * scale, Math.sin((turn * Math.PI) / 180) * scale];
  const tilted = random() < 0.4;
  const tilt = [0, 1].map(() => (tilted ? uniform(random, -0.25, 0.25) : 0));
  // Around the centre of the image.
  const m = [
    c * (mirrored ? -1 : 1),
    -s,
    s * (mirrored ? -1 : 1) * stretch,
    c * stretch,
    tilt[0] / width,
    tilt[1] / height,
  ];
  const at = (x, y) => {
    const [dx, dy] = [x - width / 2, y - height / 2];
    const w = 1 + m[4] * dx + m[5] * dy;
    return [(m[0] * dx + m[1] * dy) / w, (m[2] * dx + m[3] * dy) / w];
  };
  const corners = [at(0, 0), at(width, 0), at(width, height), at(0, height)];
  const [left, top] = [0, 1].map((i) => Math.min(...corners.map((corner) => corner[i])));
  const [right, bottom] = [0, 1].map((i) => Math.max(...corners.map((corner) => corner[i])));
  const map = (x, y) => {
    const [px, py] = at(x, y);
    return [px - left, py - top];
  };
  // The inverse of a projective map of the centre's coordinates: solve two linear equations.
  const inverse = (x, y) => {
    const [X, Y] = [x + left, y + top];
    const [a, b, d, e] = [m[0] - X * m[4], m[1] - X * m[5], m[2] - Y * m[4], m[3] - Y * m[5]];
    const determinant = a * e - b * d;
    return [width / 2 + (X * e - b * Y) / determinant, height / 2 + (a * Y - d * X) / determinant];
  };
  return { map, inverse, mirrored, scale, width: Math.ceil(right - left), height: Math.ceil(bottom - top) };
}

const raw = ({ width, height }) => ({ raw: { width, height, channels: 1 } });

/** Runs sharp on grey samples. */
async function processed(image, change) {
  const { data, info } = await change(sharp(image.data, raw(image)))
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 || info.width !== image.width) throw new Error("sharp changed the layout");
  return { ...image, data };
}

function warp(image, { inverse, width, height }) {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [px, py] = inverse(x + 0.5, y + 0.5);
      const [sx, sy] = [px - 0.5, py - 0.5];
      if (!(sx >= 0 && sy >= 0 && sx < image.width - 1 && sy < image.height - 1)) continue;
      const [i, j] = [Math.floor(sx), Math.floor(sy)];
      const [u, v, at] = [sx - i, sy - j, j * image.width + i];
      const above = image.data[at] * (1 - u) + image.data[at + 1] * u;
      const below = image.data[at + image.width] * (1 - u) + image.data[at + image.width + 1] * u;
      data[y * width + x] = Math.round(above * (1 - v) + below * v);
    }
  }
  return { data, width, height };
}

function tone(image, random) {
  const gamma = random() < 0.4 ? Math.exp(uniform(random, -0.6, 0.6)) : 1;
  const contrast = random() < 0.4 ? uniform(random, 0.5, 1.6) : 1;
  const table = Uint8Array.from({ length: 256 }, (_, v) => {
    const bright = 255 * (v / 255) ** gamma;
    return Math.max(0, Math.min(255, Math.round(128 + contrast * (bright - 128))));
  });
  return { ...image, data: image.data.map((v) => table[v]) };
}

function noise(image, random) {
  const data = image.data.map((v) =>
    Math.max(0, Math.min(255, Math.round(v + 13 * (random() + random() + random() - 1.5)))),
  );
  return { ...image, data };
}

/** A changed copy of a grey image, and the map from the image's points to the copy's. */
export async function randomCopy(image, random) {
  const map = randomMap(random, image.width, image.height);
  const sharpness = map.scale < 1 ? 0.5 * Math.sqrt(1 / map.scale ** 2 - 1) : 0;
  const source = sharpness >= 0.3 ? await processed(image, (s) => s.blur(sharpness)) : image;
  let copy = tone(warp(source, map), random);
  const cell = Math.min(64, copy.width, copy.height);
  if (random() < 0.1) copy = await processed(copy, (s) => s.blur(1));
  if (random() < 0.15) copy = noise(copy, random);
  if (random() < 0.1) copy = await processed(copy, (s) => s.clahe({ width: cell, height: cell, maxSlope: 3 }));
  const quality = Math.round(uniform(random, 30, 90));
  const stored = await sharp(copy.data, raw(copy)).jpeg({ quality }).toBuffer();
  const { data } = await sharp(stored).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
  return { copy: { ...copy, data }, map };
}
