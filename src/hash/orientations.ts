/**
 * The names of the eight orientations: an image under all rotations by 90° and mirrorings, in the order of the
 * reference. `rot90` is rotated counter-clockwise.
 *
 * @example
 * const { orientations } = await hashImage("photo.jpg", { orientations: true });
 * for (const name of orientationNames) console.log(name, orientations[name]);
 */
export const orientationNames = [
  "orig",
  "rot90",
  "rot180",
  "rot270",
  "flipX",
  "flipY",
  "flipPlus1",
  "flipMinus1",
] as const;

/** The name of one of the eight orientations. */
export type Orientation = (typeof orientationNames)[number];

/** A hash for each orientation, 64 lower-case hex digits each. */
export type OrientationHashes = Record<Orientation, string>;
