/** A contact sheet of a video: its frames at the times that matched, in grey, side by side. */
import { embeddedVideo, type VideoFrame, videoFrames } from "empreinte/video";
import type { Decision } from "empreinte/bank";
import { notFound } from "../core/errors.js";
import { type CardDecision, countedMatches } from "./cards.js";
import { wholeOf } from "./media.js";

const mostFrames = 9;
const columns = 3;
/** The longer side of a frame on the sheet, in pixels. */
const frameSide = 420;
const gap = 4;

/** Returns the times of a video that matched, in seconds: of its frames, and the middles of its stretches. */
function matchedTimes(decision: Decision): number[] {
  const times = countedMatches(decision).flatMap(({ timestampSeconds, segments = [] }) => [
    ...(timestampSeconds === undefined ? [] : [timestampSeconds]),
    ...segments.map(({ queryFrom, queryTo }) => (queryFrom + queryTo) / 2),
  ]);
  const sorted = [...new Set(times)].toSorted((a, b) => a - b);
  const step = Math.max(1, sorted.length / mostFrames);
  return Array.from({ length: Math.min(mostFrames, sorted.length) }, (_, at) => sorted[Math.floor(at * step)]!);
}

/** A sheet of frames, as grey pixels. */
export interface Sheet {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 1;
}

interface Frame {
  data: Uint8Array;
  width: number;
  height: number;
}

/** Returns a frame with fewer pixels, each the mean of some of an area. */
function smaller({ data, width, height }: Frame): Frame {
  const scale = Math.min(1, frameSide / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const made = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let part = 0; part < 4; part++) {
        const row = Math.min(height - 1, Math.floor(((y + 0.25 + 0.5 * (part >> 1)) * height) / h));
        const column = Math.min(width - 1, Math.floor(((x + 0.25 + 0.5 * (part & 1)) * width) / w));
        sum += data[row * width + column]!;
      }
      made[y * w + x] = sum / 4;
    }
  }
  return { data: made, width: w, height: h };
}

/** Puts frames side by side. */
function arrange(frames: readonly Frame[]): Sheet {
  const across = Math.min(columns, frames.length);
  const cellWidth = Math.max(...frames.map(({ width }) => width)) + gap;
  const cellHeight = Math.max(...frames.map(({ height }) => height)) + gap;
  const width = across * cellWidth - gap;
  const height = Math.ceil(frames.length / across) * cellHeight - gap;
  const data = new Uint8Array(width * height);
  frames.forEach((frame, at) => {
    const left = (at % across) * cellWidth;
    const top = Math.floor(at / across) * cellHeight;
    for (let y = 0; y < frame.height; y++) {
      data.set(frame.data.subarray(y * frame.width, (y + 1) * frame.width), (top + y) * width + left);
    }
  });
  return { data, width, height, channels: 1 };
}

interface SheetLimits {
  maxBytes: number;
  maxSeconds: number;
  signal: AbortSignal;
}

/**
 * Reads the video that a card is about, up to the last time that matched, and returns the sheet.
 * @param body the upload: a video, or the image with the video behind it.
 * @throws {ServiceError} 404 where it has no frame there.
 */
export async function contactSheet(
  body: AsyncIterable<Uint8Array>,
  decision: CardDecision | undefined,
  limits: SheetLimits,
): Promise<Sheet> {
  const { embedded, stream } = decision?.part ?? { embedded: false, stream: 0 };
  const times = decision === undefined ? [] : matchedTimes(decision);
  const video = embedded ? await embeddedVideo(await wholeOf(body)) : body;
  if (video === undefined) throw notFound("The platform's image has no video behind it");
  return sheetOf(videoFrames(video, { ...limits, stream, name: "the upload" }), times);
}

async function sheetOf(video: AsyncIterable<VideoFrame>, times: readonly number[]): Promise<Sheet> {
  const wanted = times.length === 0 ? [0] : [...times];
  const frames: Frame[] = [];
  let before: Frame | undefined;
  for await (const { timestampSeconds, data, width, height } of video) {
    const frame = { data, width, height };
    // The last frame that is shown at a time is the one that matched.
    while (wanted.length > 0 && timestampSeconds > wanted[0]! + 1e-3) {
      frames.push(smaller(before ?? frame));
      wanted.shift();
    }
    before = frame;
    if (wanted.length === 0) break;
  }
  if (before !== undefined) for (const _ of wanted) frames.push(smaller(before));
  if (frames.length === 0) throw notFound("The video has no frame");
  return arrange(frames);
}
