/** Frames of a video: a demuxer in this package, the decoder of the browser. */
import { ALL_FORMATS, BlobSource, Input, type InputVideoTrack, VideoSampleSink } from "mediabunny";
import type { CoreExports } from "../core/module.js";
import { damaged, HashError, unsupported } from "../errors.js";
import { hashFrame } from "./luma.js";
import type { FrameHash, VideoHash, VideoSettings } from "./types.js";

async function trackOf(input: Input): Promise<InputVideoTrack> {
  if (!(await input.canRead())) throw unsupported("no video of a known kind");
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw unsupported("a file without a video in it");
  const codec = await track.getCodec();
  if (!(await track.canDecode()))
    throw unsupported(`a video in ${codec ?? "an unknown codec"}, which this browser does not decode`);
  return track;
}

/** Returns a rule for which frames are hashed: the first one at or after each multiple of `every` seconds. */
function sampler(every: number): (time: number) => boolean {
  let due = -Infinity;
  return (time) => {
    if (time < due) return false;
    due = (Math.floor(time / every + 1e-6) + 1) * every - 1e-6;
    return true;
  };
}

async function framesOf(
  core: CoreExports,
  track: InputVideoTrack,
  duration: number,
  settings: VideoSettings,
  progress: (share: number) => void,
): Promise<FrameHash[]> {
  const frames: FrameHash[] = [];
  const wanted = sampler(settings.every);
  for await (const sample of new VideoSampleSink(track).samples()) {
    try {
      if (!wanted(sample.timestamp)) continue;
      if (frames.length === settings.maxFrames) {
        const text = `The video has more than ${settings.maxFrames} frames to hash, the most that are hashed.`;
        throw new HashError("ERR_EMPREINTE_LIMIT", text);
      }
      frames.push({ timestampSeconds: sample.timestamp, ...(await hashFrame(core, sample, settings.orientations)) });
      progress(duration > 0 ? Math.min(1, sample.timestamp / duration) : 0);
    } finally {
      sample.close();
    }
  }
  return frames;
}

/** Hashes frames of a video. @throws {HashError} */
export async function hashVideoFile(
  core: CoreExports,
  file: Blob,
  settings: VideoSettings,
  progress: (share: number) => void,
): Promise<VideoHash> {
  if (typeof VideoDecoder === "undefined") {
    const text =
      "This browser gives no access to the frames of videos (WebCodecs), so it cannot hash them. Images work.";
    throw new HashError("ERR_EMPREINTE_BROWSER", text);
  }
  if (file.size > settings.maxBytes) {
    const text = `The video has ${file.size} bytes, more than the ${settings.maxBytes} that are read.`;
    throw new HashError("ERR_EMPREINTE_LIMIT", text);
  }
  if (file.size === 0) throw new HashError("ERR_EMPREINTE_EMPTY", "The file is empty.");
  const input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
  try {
    const track = await trackOf(input);
    const duration = await track.computeDuration();
    const frames = await framesOf(core, track, duration, settings, progress);
    if (frames.length === 0) throw damaged("it has no frame");
    const [width, height] = [await track.getCodedWidth(), await track.getCodedHeight()];
    return { frames, duration, width, height, codec: (await track.getCodec()) ?? "unknown", decoder: "platform" };
  } catch (error) {
    if (error instanceof HashError) throw error;
    throw damaged("the browser's decoder refuses it");
  } finally {
    input.dispose();
  }
}
