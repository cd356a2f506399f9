import { invalidArgument } from "../../check.js";
import { black, white } from "../draw/colours.js";
import { blank, type Image } from "../draw/image.js";
import { drawText, textWidth, words } from "../draw/text.js";
import { someScene } from "../generated/scene.js";
import type { Random } from "../random.js";

/** What an edit needs to know of a clip. */
export interface Clip {
  seconds: number;
  width: number;
  height: number;
  frameRate: number;
}

/** How ffmpeg makes an edited clip. */
export interface Recipe {
  /** The second at which the edited clip begins. */
  from?: number;
  /** How many seconds of the clip are used. */
  seconds?: number;
  /**
   * ffmpeg's filter. Without an `image` it has one input. With one it has two: `[0:v]` is the clip, `[1:v]` the image.
   */
  filter: string;
  /** An image under or over the clip. */
  image?: Image;
  /** The frame rate of the image. Default 25. */
  frameRate?: number;
  /** x264's constant rate factor. Default 23. */
  quality?: number;
}

/** Something that people do to a clip before they show it again. */
export interface VideoEdit {
  /** The name, which begins with "video-". */
  name: string;
  /** One sentence about what is done. */
  description: string;
}

/** An edit with its recipe. */
export interface ClipEdit extends VideoEdit {
  recipe: (clip: Clip, random: Random) => Recipe;
}

type Row = [name: string, description: string, recipe: ClipEdit["recipe"]];

const filtered =
  (filter: string): ClipEdit["recipe"] =>
  () => ({ filter });

/** Returns a strip of text as wide as the clip, on one colour that the filter takes away. */
function strip({ width, height }: Clip, random: Random): Image {
  const size = Math.max(10, Math.round(height / 18));
  const image = blank(width, 2 * size, [0, 255, 0]);
  const text = words(random, 5);
  drawText(image, text, (width - textWidth(text, size)) / 2, size / 2, { size, colour: white, outline: black });
  return image;
}

const rows: Row[] = [
  ["recompressed-28", "Encoded anew, x264 at rate factor 28.", () => ({ filter: "null", quality: 28 })],
  ["recompressed-38", "Encoded anew, x264 at rate factor 38.", () => ({ filter: "null", quality: 38 })],
  ["half-size", "Half as wide and high.", filtered("scale=iw/2:ih/2")],
  ["12-fps", "At 12 frames a second.", filtered("fps=12")],
  ["grey", "Without colours.", filtered("hue=s=0")],
  ["warm", "A warm filter, more contrast.", filtered("colorchannelmixer=rr=1.1:gg=0.98:bb=0.8,eq=contrast=1.15")],
  ["faster-1.25", "A quarter faster.", filtered("setpts=PTS/1.25")],
  ["slower-0.8", "A quarter slower.", filtered("setpts=PTS/0.8")],
  [
    "middle-half",
    "Cut to its middle half, up to a tenth earlier or later.",
    ({ seconds }, random) => ({ filter: "null", from: seconds * random.between(0.15, 0.35), seconds: seconds / 2 }),
  ],
  [
    "two-seconds",
    "Cut to two seconds from anywhere.",
    ({ seconds }, random) => ({ filter: "null", from: random.between(0, Math.max(0, seconds - 2)), seconds: 2 }),
  ],
  [
    "text-below",
    "A line of text over the lower part.",
    (clip, random) => ({
      image: strip(clip, random),
      frameRate: clip.frameRate,
      filter: "[1:v]colorkey=0x00ff00:0.3:0.1[t];[0:v][t]overlay=x=0:y=H*0.82:shortest=1",
    }),
  ],
  [
    "border-10",
    "A border all round, white or black, 10 % of the width.",
    (_, random) => ({ filter: `pad=iw*1.2:ih+iw*0.2:iw*0.1:iw*0.1:${random.chance(0.5) ? "white" : "black"}` }),
  ],
  ["letterbox", "Black bars above and below, 12 % of the height each.", filtered("pad=iw:ih*1.24:0:ih*0.12:black")],
  [
    "fit-9x16",
    "Centred on black, 9:16.",
    filtered("pad=max(iw\\,ih*9/16):max(ih\\,iw*16/9):(ow-iw)/2:(oh-ih)/2:black"),
  ],
  ["mirror", "Mirrored left to right.", filtered("hflip")],
  ["crop-5", "5 % of width and height cut off at each side.", filtered("crop=iw*0.9:ih*0.9")],
  ["rotate-3", "Turned by 3°, black corners.", (_, random) => ({ filter: `rotate=${random.sign() * 3}*PI/180` })],
  [
    "inside-another-60",
    "On another image, 60 % as wide and high, not at the very edge.",
    ({ width, height, frameRate }, random) => {
      const at = [random.between(0.2, 0.8), random.between(0.2, 0.8)].map((share) => share.toFixed(3));
      const filter = `[0:v]scale=iw*0.6:ih*0.6[c];[1:v]scale=${width}:${height}[g];[g][c]overlay=x=(W-w)*${at[0]}:y=(H-h)*${at[1]}:shortest=1`;
      return { image: someScene(random), frameRate, filter };
    },
  ],
];

/** Increases with every change of what an edit does, because the figures of two versions cannot be compared. */
export const editsVersion = 1;

const edits: readonly ClipEdit[] = rows.map(([name, description, recipe]) => {
  return { name: `video-${name}`, description, recipe };
});

/**
 * The edits of clips: what people do to videos before they show them again, in the order of the report.
 *
 * @example
 * for (const { name, description } of videoEdits) console.log(name, description);
 */
export const videoEdits: readonly VideoEdit[] = edits;

const quick = ["video-recompressed-38", "video-middle-half", "video-border-10", "video-mirror", "video-crop-5"];

/** Returns true for the name of an edit, and for "video", which stands for all of them. */
export function isEditName(name: string): boolean {
  return name === "video" || edits.some((edit) => edit.name === name);
}

/**
 * Returns the edits that `"suite"`, `"quick"`, or names stand for. @throws {InvalidArgumentError} if it is no array.
 */
export function editsNamed(names: "suite" | "quick" | readonly string[]): ClipEdit[] {
  if (names === "suite") return [...edits];
  if (names !== "quick" && !Array.isArray(names)) throw invalidArgument("attacks", "suite, quick or an array", names);
  const wanted = names === "quick" ? quick : names;
  return edits.filter(({ name }) => wanted.includes(name) || wanted.includes("video"));
}
