/** The crops that people make of images, and where they are in pixels. */

/** A crop of an image. The sides are shares of its width and height, from the top left. */
export interface Crop {
  name: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function cut(name: string, left: number, top: number, right: number, bottom: number): Crop {
  return { name, left, top, right: 1 - right, bottom: 1 - bottom };
}

const percent = (share: number): string => String(Math.round(100 * share));

function central(share: number): Crop {
  return cut(`centre-${percent(share)}`, share, share, share, share);
}

function oneSided(share: number): Crop[] {
  return [
    cut(`left-${percent(share)}`, share, 0, 0, 0),
    cut(`top-${percent(share)}`, 0, share, 0, 0),
    cut(`right-${percent(share)}`, 0, 0, share, 0),
    cut(`bottom-${percent(share)}`, 0, 0, 0, share),
  ];
}

/** Returns the nine places of a window with this side, without the middle one. */
function grid(side: number): Crop[] {
  const free = 1 - side;
  const crops: Crop[] = [];
  for (const [y, row] of ["top", "middle", "bottom"].entries()) {
    for (const [x, column] of ["left", "middle", "right"].entries()) {
      if (x === 1 && y === 1) continue;
      const left = (free * x) / 2;
      const top = (free * y) / 2;
      crops.push(cut(`${row}-${column}-${percent(side)}`, left, top, free - left, free - top));
    }
  }
  return crops;
}

/**
 * Returns the largest window of this shape, at `at` (0 … 1) of the free space, or none for an image that has nearly the
 * same shape.
 */
function shaped(name: string, shape: number, at: number, width: number, height: number): Crop[] {
  const across = Math.min(1, (shape * height) / width);
  const down = Math.min(1, width / (shape * height));
  if (across > 0.96 && down > 0.96) return [];
  const left = (1 - across) * at;
  const top = (1 - down) * at;
  return [cut(name, left, top, 1 - across - left, 1 - down - top)];
}

/**
 * Returns the crops that deserve a hash of their own, the most useful first. People crop all sides, one side, or to a
 * square or a screen's shape. A grid follows, between whose places the alignment of a query finds its way.
 */
export function cropsOf(width: number, height: number): Crop[] {
  return [
    central(0.1),
    central(0.05),
    ...shaped("square", 1, 0.5, width, height),
    central(0.2),
    ...oneSided(0.1),
    ...grid(0.9).filter(({ name }) => !name.includes("middle")),
    ...oneSided(0.2),
    central(0.15),
    ...grid(0.8),
    ...shaped("four-to-five", 0.8, 0.5, width, height),
    ...shaped("wide-screen", 16 / 9, 0.5, width, height),
    ...shaped("tall-screen", 9 / 16, 0.5, width, height),
    ...grid(0.7),
    central(0.25),
    ...oneSided(0.3),
    central(0.3),
    ...shaped("square-first", 1, 0, width, height),
    ...shaped("square-last", 1, 1, width, height),
    ...oneSided(0.05),
    ...oneSided(0.5),
  ];
}

/** A crop in whole pixels, and the same as shares. */
export interface CropWindow {
  left: number;
  top: number;
  width: number;
  height: number;
  region: Omit<Crop, "name">;
}

/** Rounds a crop to whole pixels of an image. */
export function windowOf(crop: Crop, width: number, height: number): CropWindow {
  const left = Math.round(crop.left * width);
  const top = Math.round(crop.top * height);
  const across = Math.round(crop.right * width) - left;
  const down = Math.round(crop.bottom * height) - top;
  const region = {
    left: left / width,
    top: top / height,
    right: (left + across) / width,
    bottom: (top + down) / height,
  };
  return { left, top, width: across, height: down, region };
}
