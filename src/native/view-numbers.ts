import type { NativeViews } from "./binding/views.js";

/** How many numbers the core takes for a view: x and y of its four corners, its kind and its orientation. */
export const numbersPerView = 10;

/**
 * How many numbers the core returns for a hashed view: those of the view, its quality, whether it is stable and whether
 * it is flat.
 */
const numbersPerHash = 13;

/** x and y of a corner, as shares of the image's width and height. */
export type Corner = readonly [x: number, y: number];

/** The corners of a view: top left, top right, bottom right, bottom left. */
export type Corners = readonly [Corner, Corner, Corner, Corner];

/** A view whose numbers were decoded. */
export interface DecodedView {
  corners: Corners;
  /** The place of its name in `viewNames`. */
  kind: number;
  /** The place of its orientation in `orientationNames`. */
  orientation: number;
}

/** Returns the numbers of a view, as the core takes them. */
export function encodeView({ corners, kind, orientation }: DecodedView): number[] {
  return [...corners.flat(), kind, orientation];
}

/** Reads the numbers of a view. */
export function decodeView(numbers: Float32Array): DecodedView {
  const corner = (i: number): Corner => [numbers[2 * i]!, numbers[2 * i + 1]!];
  return { corners: [corner(0), corner(1), corner(2), corner(3)], kind: numbers[8]!, orientation: numbers[9]! };
}

/** A hashed view as the core returns it. */
export interface DecodedViewHash {
  /** The numbers of the view, as the core takes them. */
  view: Float32Array;
  /** The place of its name in `viewNames`. */
  kind: number;
  /** The place of its orientation in `orientationNames`. */
  orientation: number;
  /** The 32 bytes of the hash. */
  hash: Uint8Array;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  stable: boolean;
  /** Whether four fifths of a detected view have one colour. */
  flat: boolean;
}

/** Reads the hashed views of a call; undefined stands for none. */
export function decodeViewHashes(made: NativeViews | undefined): DecodedViewHash[] {
  if (made === undefined) return [];
  const { hashes, numbers } = made;
  return Array.from({ length: hashes.length / 32 }, (_, i) => {
    const own = numbers.subarray(numbersPerHash * i, numbersPerHash * (i + 1));
    return {
      view: own.subarray(0, numbersPerView),
      kind: own[8]!,
      orientation: own[9]!,
      hash: hashes.subarray(32 * i, 32 * (i + 1)),
      quality: own[10]!,
      stable: own[11] !== 0,
      flat: own[12] !== 0,
    };
  });
}
