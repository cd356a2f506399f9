import type { Orientation } from "../hash/orientations.js";
import type { Corner } from "../native/view-numbers.js";

/**
 * Returns the orientation of the query in which an original is upright, or most nearly so, by the original's corners in
 * the query: its own top left, top right, bottom right and bottom left.
 */
export function orientationOf([topLeft, topRight, bottomRight, bottomLeft]: readonly [
  Corner,
  Corner,
  Corner,
  Corner,
]): Orientation {
  // From the left side's middle to the right side's, and from the top's to the bottom's.
  const rightX = topRight[0] + bottomRight[0] - topLeft[0] - bottomLeft[0];
  const rightY = topRight[1] + bottomRight[1] - topLeft[1] - bottomLeft[1];
  const downX = bottomLeft[0] + bottomRight[0] - topLeft[0] - topRight[0];
  const downY = bottomLeft[1] + bottomRight[1] - topLeft[1] - topRight[1];
  const mirrored = rightX * downY - rightY * downX < 0;
  if (Math.abs(rightX) >= Math.abs(rightY)) {
    if (rightX >= 0) return mirrored ? "flipX" : "orig";
    return mirrored ? "flipY" : "rot180";
  }
  if (rightY >= 0) return mirrored ? "flipPlus1" : "rot90";
  return mirrored ? "flipMinus1" : "rot270";
}
