import { black, hsv, ink, lively, night, paper, white } from "../draw/colours.js";
import { blank, type Colour, mixed, type Image } from "../draw/image.js";
import { box, disc, draw, lines, type Point } from "../draw/shapes.js";
import { drawText, sentence, textWidth, words, wrapped } from "../draw/text.js";
import type { Random } from "../random.js";

/** Draws a page: headings and paragraphs, perhaps in two columns. */
export function textPage(random: Random): Image {
  const [width, height] = random.pick([
    [480, 640],
    [640, 480],
    [400, 800],
  ]) as [number, number];
  const ground = random.chance(0.75) ? paper(random) : night(random);
  const colour = ink(ground);
  const onto = blank(width, height, ground);
  const columns = random.integer(1, 2);
  const margin = width * random.between(0.05, 0.1);
  const size = random.between(7, 12);
  const column = (width - margin * (columns + 1)) / columns;
  for (let c = 0; c < columns; c++) {
    const left = margin + c * (column + margin);
    let top = margin * random.between(0.6, 1.4);
    while (top < height - 3 * size) {
      if (random.chance(0.3)) {
        const heading = wrapped(sentence(random, random.integer(2, 5)), 1.6 * size, column)[0]!;
        drawText(onto, heading, left, top, { size: 1.6 * size, colour, weight: 0.18 });
        top += 3.2 * size;
      }
      for (const line of wrapped(sentence(random, random.integer(8, 50)), size, column)) {
        if (top > height - 2 * size) break;
        drawText(onto, line, left, top, { size, colour });
        top += 1.9 * size;
      }
      top += 1.6 * size;
    }
  }
  return onto;
}

/** Only text in bubbles, the usual bars above and below. */
export function conversation(random: Random): Image {
  const [width, height] = [405, random.pick([720, 800, 876])];
  const dark = random.chance(0.4);
  const ground: Colour = dark ? night(random) : mixed(white, lively(random), 0.1);
  const onto = blank(width, height, ground);
  const bar = dark ? mixed(ground, white, 0.1) : lively(random);
  draw(onto, box(0, 0, width, 64), bar);
  draw(onto, disc(48, 36, 16), lively(random));
  drawText(onto, words(random, 2), 76, 29, { size: 13, colour: ink(bar) });
  const tints: [Colour, Colour] = [
    dark ? [52, 54, 60] : white,
    mixed(dark ? [30, 60, 90] : white, lively(random), 0.35),
  ];
  for (let top = 82, own = random.chance(0.5); top < height - 110; own = random.chance(0.5)) {
    const size = 11;
    const text = wrapped(words(random, random.integer(1, 18)), size, 0.6 * width);
    const inner = Math.max(...text.map((line) => textWidth(line, size)));
    const left = own ? width - 26 - inner : 26;
    const tint = tints[own ? 1 : 0];
    draw(onto, box(left - 10, top, inner + 20, 21 * text.length + 14, 11), tint);
    text.forEach((line, i) => drawText(onto, line, left, top + 12 + 21 * i, { size, colour: ink(tint) }));
    top += 21 * text.length + 26;
  }
  draw(onto, box(12, height - 48, width - 80, 36, 18), tints[0]);
  draw(onto, disc(width - 34, height - 30, 18), lively(random));
  return onto;
}

/** Lines, bars or points in axes with marks and a title. */
export function chart(random: Random): Image {
  const [width, height] = random.pick([
    [640, 400],
    [560, 420],
    [720, 360],
  ]) as [number, number];
  const onto = blank(width, height, random.chance(0.85) ? paper(random) : night(random));
  const colour = ink([onto.data[0]!, onto.data[1]!, onto.data[2]!]);
  const [left, top, right, bottom] = [60, 50, width - 24, height - 44];
  drawText(onto, sentence(random, random.integer(2, 6)), left, 16, { size: 14, colour, weight: 0.16 });
  const pale = mixed([onto.data[0]!, onto.data[1]!, onto.data[2]!], colour, 0.2);
  const marks = random.integer(4, 8);
  for (let i = 0; i <= marks; i++) {
    const y = bottom - ((bottom - top) * i) / marks;
    draw(
      onto,
      lines(
        [
          [
            [left, y],
            [right, y],
          ],
        ],
        1,
      ),
      pale,
    );
    drawText(onto, String(i * 10), 20, y - 4, { size: 8, colour });
    drawText(onto, String(1990 + i), left + ((right - left) * i) / (marks + 1), bottom + 14, { size: 8, colour });
  }
  draw(
    onto,
    lines(
      [
        [
          [left, top],
          [left, bottom],
          [right, bottom],
        ],
      ],
      1.6,
    ),
    colour,
  );
  const kind = random.pick(["lines", "bars", "points"]);
  for (let series = random.integer(1, kind === "bars" ? 2 : 4), s = 0; s < series; s++) {
    const tint = hsv(random.between(0, 360), 0.75, 0.8);
    let level = random.between(0.1, 0.9);
    const count = random.integer(6, 30);
    const points = Array.from({ length: count }, (_, i): Point => {
      level = Math.min(0.98, Math.max(0.02, level + random.between(-0.16, 0.16)));
      return [left + ((right - left) * (i + 0.5)) / count, bottom - level * (bottom - top)];
    });
    if (kind === "lines") draw(onto, lines([points], 2.4), tint);
    for (const [x, y] of kind === "lines" ? [] : points) {
      if (kind === "points") draw(onto, disc(x, y, 4), tint);
      else draw(onto, box(x - 4 + 4 * s, y, 7, bottom - y), tint);
    }
  }
  return onto;
}

/** Draws a few words on one colour, as openings, quotes and announcements are. */
export function titleCard(random: Random): Image {
  const [width, height] = random.pick([
    [640, 360],
    [512, 512],
    [480, 600],
  ]) as [number, number];
  const ground = random.pick([() => black, () => white, () => lively(random), () => night(random)])();
  const onto = blank(width, height, ground);
  const colour = random.chance(0.8) ? ink(ground) : lively(random);
  const size = height * random.between(0.045, 0.12);
  const text = wrapped(words(random, random.integer(1, 9)), size, 0.85 * width);
  const shown = random.chance(0.5) ? text.map((line) => line.toUpperCase()) : text;
  const top = (height - 1.7 * size * shown.length) * random.between(0.35, 0.65);
  shown.forEach((line, i) => {
    const left = (width - textWidth(line, size)) / 2;
    drawText(onto, line, left, top + 1.7 * size * i, { size, colour, weight: random.between(0.1, 0.2) });
  });
  return onto;
}
