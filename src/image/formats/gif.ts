/**
 * Removes the transparency of a GIF's first frame in place, by one bit in the graphic control extension before it.
 * Returns a function that restores it.
 *
 * The reference drops alpha and hashes the hidden colour, which in a GIF is an entry of the palette. The decoder would
 * leave such pixels black. In later frames a transparent pixel means "as in the frame before", so those are decoded as
 * they are; ImageMagick's -coalesce gives the same pixels. A file whose blocks cannot be followed is left for the
 * decoder to refuse.
 */
export function showHiddenColours(gif: Uint8Array): () => void {
  const changed: number[] = [];
  const table = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + table(gif[10] ?? 0);
  while (at + 3 < gif.length && gif[at] === 0x21) {
    const transparent = gif[at + 1] === 0xf9 && gif[at + 2] === 4 && (gif[at + 3]! & 1) === 1;
    if (transparent) changed.push(at + 3);
    at += 2;
    // Sub-blocks follow, each after its length. An empty one is the last.
    while (at < gif.length && gif[at] !== 0) at += gif[at]! + 1;
    at++;
  }
  for (const flag of changed) gif[flag]! &= ~1;
  return () => {
    for (const flag of changed) gif[flag]! |= 1;
  };
}
