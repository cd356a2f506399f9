/**
 * Takes the transparency away from a GIF's first picture, in place: one bit in the graphic control extension before it.
 * Answers the function that puts it back.
 *
 * The reference drops alpha and hashes the hidden colour, which in a GIF is the palette's entry; the decoder leaves such
 * pixels black. In later frames a transparent pixel means "as in the frame before", so they are decoded as they are
 * (ImageMagick's -coalesce gives the same pixels). A file whose blocks cannot be followed is left to the decoder's verdict.
 */
export function showHiddenColours(gif: Uint8Array): () => void {
  const changed: number[] = [];
  const table = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + table(gif[10] ?? 0);
  while (at + 3 < gif.length && gif[at] === 0x21) {
    const transparent = gif[at + 1] === 0xf9 && gif[at + 2] === 4 && (gif[at + 3]! & 1) === 1;
    if (transparent) changed.push(at + 3);
    at += 2;
    // Sub-blocks, each with its length before it, up to an empty one.
    while (at < gif.length && gif[at] !== 0) at += gif[at]! + 1;
    at++;
  }
  for (const flag of changed) gif[flag]! &= ~1;
  return () => {
    for (const flag of changed) gif[flag]! |= 1;
  };
}
