/** RGB samples of 8 bits, rows without gaps. */
export interface Image {
  data: Uint8Array;
  width: number;
  height: number;
}

/** Red, green, blue, 0 … 255. */
export type Colour = readonly [number, number, number];

/** Alpha-free copy of `value` within a byte. */
export function byte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
}

export function blank(width: number, height: number, colour: Colour): Image {
  const data = new Uint8Array(3 * width * height);
  if (colour[0] === colour[1] && colour[1] === colour[2]) data.fill(colour[0]);
  else for (let i = 0; i < data.length; i += 3) data.set(colour, i);
  return { data, width, height };
}

/** An image whose every pixel is `colourAt(x, y)`. */
export function painted(width: number, height: number, colourAt: (x: number, y: number) => Colour): Image {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const [r, g, b] = colourAt(x, y);
      data[i] = byte(r);
      data[i + 1] = byte(g);
      data[i + 2] = byte(b);
    }
  }
  return { data, width, height };
}

export function copied(image: Image): Image {
  return { ...image, data: image.data.slice() };
}

/** Returns the part at (left, top), cut to what there is, at least one pixel. */
export function cropped(image: Image, left: number, top: number, width: number, height: number): Image {
  const x = Math.min(Math.max(0, Math.round(left)), image.width - 1);
  const y = Math.min(Math.max(0, Math.round(top)), image.height - 1);
  const w = Math.max(1, Math.min(Math.round(width), image.width - x));
  const h = Math.max(1, Math.min(Math.round(height), image.height - y));
  const data = new Uint8Array(3 * w * h);
  for (let row = 0; row < h; row++) {
    const from = 3 * ((y + row) * image.width + x);
    data.set(image.data.subarray(from, from + 3 * w), 3 * w * row);
  }
  return { data, width: w, height: h };
}

/** Puts `image` over `onto` at (left, top), with an `opacity` of 0 … 1, and cuts off what is outside. */
export function paste(onto: Image, image: Image, left: number, top: number, opacity = 1): void {
  const dx = Math.round(left);
  const dy = Math.round(top);
  const x0 = Math.max(0, -dx);
  const x1 = Math.min(image.width, onto.width - dx);
  if (x1 <= x0) return;
  for (let y = Math.max(0, -dy); y < Math.min(image.height, onto.height - dy); y++) {
    const from = 3 * (y * image.width + x0);
    const to = 3 * ((y + dy) * onto.width + x0 + dx);
    const row = image.data.subarray(from, from + 3 * (x1 - x0));
    if (opacity >= 1) onto.data.set(row, to);
    else for (let i = 0; i < row.length; i++) onto.data[to + i] = byte(mix(onto.data[to + i]!, row[i]!, opacity));
  }
}

export function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

export function mixed(from: Colour, to: Colour, share: number): Colour {
  return [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)];
}

/** Returns an image on a larger ground of one colour. */
export function framed(
  image: Image,
  margin: { left?: number; top?: number; right?: number; bottom?: number },
  colour: Colour,
): Image {
  const { left = 0, top = 0, right = 0, bottom = 0 } = margin;
  const [l, t] = [Math.round(left), Math.round(top)];
  const onto = blank(image.width + l + Math.round(right), image.height + t + Math.round(bottom), colour);
  paste(onto, image, l, t);
  return onto;
}

/** Every pixel through `change`, which writes its answer into `out`. */
export function recoloured(
  image: Image,
  change: (r: number, g: number, b: number, out: [number, number, number]) => void,
): Image {
  const data = new Uint8Array(image.data.length);
  const out: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    change(image.data[i]!, image.data[i + 1]!, image.data[i + 2]!, out);
    data[i] = byte(out[0]);
    data[i + 1] = byte(out[1]);
    data[i + 2] = byte(out[2]);
  }
  return { ...image, data };
}

/** Passes every sample through a table of 256. */
export function toned(image: Image, tone: (sample: number) => number): Image {
  const table = Uint8Array.from({ length: 256 }, (_, sample) => byte(tone(sample)));
  return { ...image, data: image.data.map((sample) => table[sample]!) };
}

/** Returns the image mirrored left to right. */
export function mirrored(image: Image): Image {
  return rearranged(image, image.width, image.height, (x, y) => [image.width - 1 - x, y]);
}

/** Returns the image mirrored top to bottom. */
export function flipped(image: Image): Image {
  return rearranged(image, image.width, image.height, (x, y) => [x, image.height - 1 - y]);
}

/** Clockwise by `quarters` right angles. */
export function turned(image: Image, quarters: 1 | 2 | 3): Image {
  const { width, height } = image;
  if (quarters === 2) return rearranged(image, width, height, (x, y) => [width - 1 - x, height - 1 - y]);
  if (quarters === 1) return rearranged(image, height, width, (x, y) => [y, height - 1 - x]);
  return rearranged(image, height, width, (x, y) => [width - 1 - y, x]);
}

function rearranged(
  image: Image,
  width: number,
  height: number,
  source: (x: number, y: number) => [number, number],
): Image {
  const data = new Uint8Array(image.data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const [u, v] = source(x, y);
      const from = 3 * (v * image.width + u);
      data[i] = image.data[from]!;
      data[i + 1] = image.data[from + 1]!;
      data[i + 2] = image.data[from + 2]!;
    }
  }
  return { data, width, height };
}
