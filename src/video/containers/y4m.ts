import type { Readable } from "node:stream";
import { LimitError, VideoError } from "../../errors.js";
import type { VideoFrame } from "../frame.js";
import { StreamBytes } from "../ffmpeg/stream-bytes.js";

/** Longer headers are refused. */
const headerBytes = 1024;

async function line(reader: StreamBytes, name: string): Promise<string | undefined> {
  const byte = new Uint8Array(1);
  let text = "";
  while (await reader.readInto(byte)) {
    if (byte[0] === 10) return text;
    text += String.fromCharCode(byte[0]!);
    if (text.length > headerBytes) break;
  }
  if (text === "") return undefined;
  throw new VideoError("ERR_EMPREINTE_CORRUPT", `${name} does not give YUV4MPEG frames`);
}

/** Luma frames at an even, known rate. */
export interface EvenFrames {
  frames: AsyncGenerator<VideoFrame, void, undefined>;
  frameRate: number;
}

/**
 * Reads the frames that `ffmpeg -f yuv4mpegpipe -pix_fmt gray` writes; undefined when the stream is empty.
 * @throws {VideoError} `ERR_EMPREINTE_CORRUPT`: the stream is something else.
 */
export async function readY4m(stream: Readable, name: string, maxPixels: number): Promise<EvenFrames | undefined> {
  const reader = new StreamBytes(stream);
  const header = await line(reader, name);
  if (header === undefined) return undefined;
  const [, width, height, over, under] = /^YUV4MPEG2 W(\d+) H(\d+) F(\d+):(\d+) .*\bCmono\b/.exec(header) ?? [];
  if (under === undefined) throw new VideoError("ERR_EMPREINTE_CORRUPT", `${name} does not give grey YUV4MPEG frames`);
  const [w, h] = [Number(width), Number(height)];
  const frameRate = Number(over) / Number(under);
  if (w * h > maxPixels) {
    const text = `${name} has frames of ${w}×${h} pixels, more than ${maxPixels}; maxPixels raises this limit`;
    throw new LimitError("maxPixels", text);
  }
  async function* frames(): AsyncGenerator<VideoFrame, void, undefined> {
    for (let number = 0; ; number++) {
      const start = await line(reader, name);
      if (start === undefined) return;
      const data = new Uint8Array(w * h);
      if (!start.startsWith("FRAME") || !(await reader.readInto(data)))
        throw new VideoError("ERR_EMPREINTE_CORRUPT", `${name} ends within a frame`);
      yield { number, timestampSeconds: number / frameRate, width: w, height: h, channels: 1, data };
    }
  }
  return { frames: frames(), frameRate };
}
