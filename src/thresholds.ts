/** The thresholds that several rooms share, in bits of distance and in quality. */

/** Meta recommends this radius for PDQ. A machine may act on what is this near. */
export const matchRadius = 31;

/** Up to here a second view, or a second hash of the same image, makes a review of what is beyond `matchRadius`. */
export const reviewRadius = 50;

/** An aligned view up to here is a match where another view, which was not aligned, is within `reviewRadius`. */
export const confirmedRadius = 34;

/**
 * A hash of lower quality is near unrelated images: it is neither listed nor matched.
 *
 * @example
 * const { hash, quality, stable } = await hashImage("photo.jpg");
 * const mayBeListed = quality >= leastQuality && stable;
 */
export const leastQuality = 50;

/** Views and crops, of which there are many and which nobody looks at, need this quality. */
export const leastViewQuality = 80;
