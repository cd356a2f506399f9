/** What `--help` of the video commands prints. Nothing is imported here, as in help.ts. */

export const videoHelp: string = `empreinte video COMMAND

  empreinte video match A B                    which stretches of A are in B
  empreinte scan --video-signature FILE PATH…  find known videos in many files
  empreinte hash --sampling all FILE           the hashes of a video's frames

  empreinte video COMMAND --help               options and an example

Example: empreinte video match clip.mp4 known.mp4
`;

export const videoMatchHelp: string = `empreinte video match [--sampling all] [--radius 31] [--json] A B

Prints a line for each stretch of A that is in B, with the times in both, how much of it matches, and the speed
where it is another: clip.mp4 00:12–00:47 = known.mp4 01:03–01:38, 96 %. A match is a lead, not a verdict.

A and B are videos, or their signatures: vPDQ in any of its three text forms, or what "empreinte hash --json" printed of
one video. What a file is, its content decides.

  --sampling HOW       frames of a video that are hashed: a number a second, all, keyframes or adaptive, which
                       looks at all and stores runs (default all)
  --radius N           most differing bits of frames that match by themselves, 0 … 256 (default 31)
  --min-quality N      frames below this quality are left out, 0 … 100 (default 50)
  --include-weak         also stretches of one picture, and what unrelated videos have at their beginning
  --no-orientations        match A as it is, not turned or mirrored
  --json               one JSON object: {"a","b","segments","queryShare","knownShare","variant"}
  --quiet              no progress

Example: empreinte video match clip.mp4 known.mp4

Exit status: 0 nothing found, 1 found, 2 a file could not be read, 64 wrong usage, 130 stopped by Ctrl-C.
`;
