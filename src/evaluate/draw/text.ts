import type { Random } from "../random.js";
import type { Colour, Image } from "./image.js";
import { draw, lines, type Point } from "./shapes.js";

/**
 * A stroke font of our own. A stroke is pairs of digits, x and y, on a grid in which capitals stand from 0 to 6, small
 * letters from 2 to 6 and descenders reach 8; a letter's strokes are apart by spaces.
 */
const glyphs: Record<string, string> = {
  A: "062046 1434",
  B: "0006 003041423303 033344453606",
  C: "4130100105163645",
  D: "0006 003041453606",
  E: "40000646 0333",
  F: "400006 0333",
  G: "41301001051636454323",
  H: "0006 4046 0343",
  I: "0006",
  J: "3035261605",
  K: "0006 400346",
  L: "000646",
  M: "0600234046",
  N: "06004640",
  O: "103041453616050110",
  P: "06003041423303",
  Q: "103041453616050110 2446",
  R: "06003041423303 2346",
  S: "413010010213334445361605",
  T: "0040 2026",
  U: "000516364540",
  V: "002640",
  W: "0016223640",
  X: "0046 4006",
  Y: "002340 2326",
  Z: "00400646",
  0: "103041453616050110 4105",
  1: "112026",
  2: "01103041420646",
  3: "0110304142334445361605 1333",
  4: "36300444",
  5: "400003334445361605",
  6: "413010010516364544331304",
  7: "004016",
  8: "103041423313020110 130405163645443313",
  9: "051636454130100102133342",
  a: "02223336 341405162635",
  b: "0006 0312223335261605",
  c: "3322120305162635",
  d: "3036 3322120305162635",
  e: "04343322120305162635",
  f: "30201116 0222",
  g: "3237281807 3322120305162635",
  h: "0006 0312223336",
  i: "0206 00",
  j: "121708 10",
  k: "0006 320436",
  l: "0006",
  m: "0206 03122326 23324346",
  n: "0206 0312223336",
  o: "122233352616050312",
  p: "0208 0312223335261605",
  q: "3238 3322120305162635",
  r: "0206 031222",
  s: "33221203142435261605",
  t: "101526 0222",
  u: "0205162635 3236",
  v: "021622",
  w: "0216233642",
  x: "0236 3206",
  y: "0226 3218",
  z: "02320636",
  ".": "06",
  ",": "0607",
  "!": "0004 06",
  "?": "01103041422324 26",
  ":": "03 06",
  "-": "0434",
  "'": "0001",
  "/": "0640",
};

type Strokes = readonly (readonly Point[])[];

const parsed = new Map<string, { strokes: Strokes; width: number }>(
  Object.entries(glyphs).map(([letter, text]) => {
    const strokes = text
      .split(" ")
      .map((stroke) =>
        Array.from({ length: stroke.length / 2 }, (_, i): Point => [+stroke[2 * i]!, +stroke[2 * i + 1]!]),
      );
    return [letter, { strokes, width: Math.max(...strokes.flat().map(([x]) => x)) }];
  }),
);

/** Grid units from a letter's left edge to the next one's, for a letter that is `width` wide. */
const gap = 1.8;
const space = 3;

export interface TextStyle {
  /** Height of the capitals in pixels. */
  size: number;
  colour: Colour;
  /** Pen width as a share of the size. Default 0.13. */
  weight?: number;
  /** A wider pen under the letters. */
  outline?: Colour;
  opacity?: number;
}

/** Pixels from the first letter's left to the last one's right. */
export function textWidth(text: string, size: number): number {
  let units = 0;
  for (const letter of text) units += letter === " " ? space : (parsed.get(letter)?.width ?? 0) + gap;
  return Math.max(0, units - gap) * (size / 6);
}

/** One line of text, its capitals' top left corner at (left, top). Letters that the font does not have are left out. */
export function drawText(onto: Image, text: string, left: number, top: number, style: TextStyle): void {
  const { size, colour, weight = 0.13, outline, opacity = 1 } = style;
  const unit = size / 6;
  for (const pen of outline === undefined ? [colour] : [outline, colour]) {
    const width = size * weight * (pen === outline ? 2.1 : 1);
    let x = left;
    for (const letter of text) {
      const glyph = parsed.get(letter);
      if (glyph === undefined) {
        if (letter === " ") x += space * unit;
        continue;
      }
      const at = x;
      const strokes = glyph.strokes.map((stroke) => stroke.map(([u, v]): Point => [at + u * unit, top + v * unit]));
      draw(onto, lines(strokes, width), pen, opacity);
      x += (glyph.width + gap) * unit;
    }
  }
}

/** As many words a line as fit into `width` pixels; a word that is wider has a line of its own. */
export function wrapped(text: string, size: number, width: number): string[] {
  const found: string[] = [];
  for (const word of text.split(" ")) {
    const last = found.at(-1);
    if (last !== undefined && textWidth(`${last} ${word}`, size) <= width) found[found.length - 1] = `${last} ${word}`;
    else found.push(word);
  }
  return found;
}

const heads = ["b", "br", "d", "f", "g", "h", "k", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "tr", "v", "w", "ch"];
const hearts = ["a", "e", "i", "o", "u", "ea", "ou", "ai"];
const tails = ["", "", "n", "r", "s", "t", "ll", "m", "nd"];

/** Words that look like a language but belong to none. */
export function words(random: Random, count: number): string {
  return Array.from({ length: count }, () =>
    Array.from({ length: random.pick([1, 1, 2, 2, 3]) }, () => random.pick(heads) + random.pick(hearts))
      .join("")
      .concat(random.pick(tails)),
  ).join(" ");
}

/** As `words`, with a capital at the beginning and a mark at the end. */
export function sentence(random: Random, count: number): string {
  const text = words(random, count);
  return text[0]!.toUpperCase() + text.slice(1) + random.pick([".", ".", "!", "?"]);
}
