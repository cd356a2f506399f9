/** An image, or a part of it, inside something else: collages, other images, interfaces, photographs of them. */
import { night, paper, white } from "../../draw/colours.js";
import { blank, cropped, framed, type Image, paste } from "../../draw/image.js";
import { cornersOf, type Corners, homography, warped } from "../../draw/warp.js";
import { someScene } from "../../generated/scene.js";
import type { Random } from "../../random.js";
import { resized } from "../../sharp.js";
import { moire, photographed, surface } from "../camera.js";
import { inChat, inFeed, inViewer, onDesktop } from "../screen.js";
import type { LocalAttack } from "./local-attack.js";
import { part } from "./parts.js";

/** The side of a collage in pixels. */
const collageSide = 1000;

/** Returns the middle of an image in the shape of a cell that it fills. */
async function filling(image: Image, width: number, height: number): Promise<Image> {
  const by = Math.max(width / image.width, height / image.height);
  const large = await resized(image, by * image.width, by * image.height);
  return cropped(large, (large.width - width) / 2, (large.height - height) / 2, width, height);
}

/** A collage of cells that images fill, with the image in one of them. */
async function collage(image: Image, across: number, down: number, random: Random): Promise<Image> {
  const gap = random.pick([0, 6, 12]);
  const onto = blank(collageSide, collageSide, random.chance(0.5) ? white : night(random));
  const width = Math.floor((collageSide - (across - 1) * gap) / across);
  const height = Math.floor((collageSide - (down - 1) * gap) / down);
  const place = random.integer(0, across * down - 1);
  for (let i = 0; i < across * down; i++) {
    const cell = await filling(i === place ? image : someScene(random), width, height);
    paste(onto, cell, (i % across) * (width + gap), Math.floor(i / across) * (height + gap));
  }
  return onto;
}

const cells = (across: number, down: number): LocalAttack => ({
  name: `cells-${across * down}`,
  description: `One of ${across * down} cells of a collage of 1,000 pixels, which the image fills.`,
  apply: (image, random) => collage(image, across, down, random),
});

/** Returns the image on a scene of its own size, `share` per cent as wide. */
async function within(image: Image, share: number, random: Random): Promise<Image> {
  const [width, height] = [1024, random.pick([683, 768])];
  const onto = await resized(someScene(random), width, height);
  const by = Math.min((share * width) / image.width, (share * height) / image.height) / 100;
  const small = await resized(image, by * image.width, by * image.height);
  paste(onto, small, random.between(0, width - small.width), random.between(0, height - small.height));
  return onto;
}

const reuse = (share: number): LocalAttack => ({
  name: `reuse-${share}`,
  description: `Somewhere on another image, ${share} % as wide or high.`,
  apply: (image, random) => within(image, share, random),
});

const reuseOfPart = (share: number): LocalAttack => ({
  name: `reuse-${share}-part-50`,
  description: `A part of 50 % somewhere on another image, ${share} % as wide or high.`,
  apply: (image, random) => within(part(image, 50, random), share, random),
});

/**
 * Returns the corners of a plane that is tilted about an axis through its middle, as a camera 1.5 of its longer side
 * away sees it.
 */
function tilted(width: number, height: number, degrees: number, random: Random): Corners {
  const angle = (degrees * Math.PI) / 180;
  const away = 1.5 * Math.max(width, height);
  const upright = random.chance(0.7);
  const side = random.sign();
  const seen = ([x, y]: readonly [number, number]): readonly [number, number] => {
    const [u, v] = [x - width / 2, y - height / 2];
    const depth = away / (away + side * Math.sin(angle) * (upright ? u : v));
    const [across, down] = upright ? [u * Math.cos(angle), v] : [u, v * Math.cos(angle)];
    return [width / 2 + across * depth, height / 2 + down * depth];
  };
  return cornersOf(0, 0, width, height).map(seen) as unknown as Corners;
}

/** Returns the image as a tilted plane in front of a surface. */
export function onTiltedPlane(image: Image, degrees: number, random: Random): Image {
  const corners = tilted(image.width, image.height, degrees, random);
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const margin = 0.08 * Math.max(image.width, image.height);
  const width = Math.round(Math.max(...xs) - left + 2 * margin);
  const height = Math.round(Math.max(...ys) - top + 2 * margin);
  const moved = corners.map(([x, y]) => [x - left + margin, y - top + margin] as const) as unknown as Corners;
  const toImage = homography(moved, cornersOf(0, 0, image.width, image.height));
  return warped(image, width, height, toImage, surface(width, height, random));
}

const tilt = (degrees: number): LocalAttack => ({
  name: `tilt-${degrees}`,
  description: `A print that is tilted by ${degrees}°, from 1.5 of its longer side away.`,
  apply: (image, random) => onTiltedPlane(image, degrees, random),
});

function displayed(image: Image, random: Random): Promise<Uint8Array> {
  const edge = 0.04 * image.width;
  const shown = moire(image, random.between(0.05, 0.1), random);
  const display = framed(shown, { left: edge, top: edge, right: edge, bottom: edge }, night(random));
  return photographed(onTiltedPlane(display, 20, random), random);
}

export const inside: readonly LocalAttack[] = [
  cells(2, 2),
  cells(3, 2),
  cells(3, 3),
  cells(4, 4),
  {
    name: "cells-4-part-50",
    description: "A part of 50 % in one of 4 cells of a collage of 1,000 pixels.",
    apply: (image, random) => collage(part(image, 50, random), 2, 2, random),
  },
  reuse(25),
  reuse(40),
  reuseOfPart(25),
  reuseOfPart(40),
  {
    name: "feed-part-50",
    description: "A part of 50 % in a feed, light or dark.",
    apply: (image, random) =>
      inFeed(part(image, 50, random), random.chance(0.5) ? paper(random) : night(random), random),
  },
  {
    name: "chat-part-50",
    description: "A part of 50 % in a conversation.",
    apply: (image, random) => inChat(part(image, 50, random), random),
  },
  {
    name: "desktop-part-50",
    description: "A part of 50 % on a desktop.",
    apply: (image, random) => onDesktop(part(image, 50, random), random),
  },
  {
    name: "viewer-part-30",
    description: "A part of 30 % in a gallery's viewer.",
    apply: (image, random) => inViewer(part(image, 30, random), random),
  },
  tilt(15),
  tilt(25),
  tilt(40),
  {
    name: "display-tilt-20",
    description: "A photograph of a display that is tilted by 20°: moiré, cast, blur, noise.",
    apply: displayed,
  },
  {
    name: "display-tilt-20-part-50",
    description: "The same of a part of 50 %.",
    apply: (image, random) => displayed(part(image, 50, random), random),
  },
];
