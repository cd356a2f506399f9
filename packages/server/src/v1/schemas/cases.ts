/** Cases, as a page with `empreinte-browser` makes them. */
import { hashPattern, list, number, object, type Schema, text, whole } from "./parts.js";

const decoder: Schema = text("What decoded: wasm gives the server's hashes, platform is the browser.", {
  enum: ["wasm", "platform"],
});
const hash: Schema = text("A PDQ hash, 64 hexadecimal digits.", { pattern: hashPattern });
const quality: Schema = number("The quality.", { minimum: 50, maximum: 100 });

const crop = object(
  { hash, quality, name: text("The name of the crop.", { maxLength: 24 }) },
  ["hash", "quality", "name"],
  "A part of the image.",
);
const image = object(
  { hash, quality, decoder, crops: list(crop, "Crops.", { maxItems: 60 }) },
  ["hash", "quality", "decoder"],
  "An image.",
);
const frame = object(
  { timestampSeconds: number("The frame's time.", { minimum: 0, maximum: 1_000_000 }), hash, quality },
  ["timestampSeconds", "hash", "quality"],
  "A frame.",
);
const video = object(
  {
    decoder,
    duration: number("Seconds.", { minimum: 0 }),
    frames: list(frame, "Frames in their order.", { minItems: 1, maxItems: 10_000 }),
  },
  ["decoder", "duration", "frames"],
  "A video.",
);

export const caseBody: Schema = object(
  {
    format: { type: "string", const: "empreinte-case", description: "What it is." },
    version: { type: "integer", const: 1, description: "Its version." },
    withdrawal: text("The SHA-256 of the withdrawal code.", { pattern: "^[0-9a-f]{64}$" }),
    images: list(image, "Images.", { maxItems: 1000 }),
    videos: list(video, "Videos.", { maxItems: 100 }),
  },
  ["format", "version", "withdrawal", "images", "videos"],
  "The hashes of one person's images and videos.",
);
export const receiptSchema: Schema = object(
  {
    case: text("The number, which the person keeps beside the code."),
    taken: whole("Images and videos that are kept."),
    held: whole("Those of them that match nothing until somebody releases them."),
  },
  ["case", "taken", "held"],
  "What became of the case.",
);
export const withdrawBody: Schema = object(
  { case: text("The number.", { maxLength: 64 }), code: text("The withdrawal code.", { maxLength: 256 }) },
  ["case", "code"],
  "A case and the proof that it is one's own.",
);
export const withdrawnSchema: Schema = object({}, [], "Nothing: the hashes match no more.");
