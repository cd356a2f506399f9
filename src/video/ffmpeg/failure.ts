import { type EmpreinteError, LimitError, VideoError } from "../../errors.js";
import type { Ending } from "./child.js";
import type { Report } from "./report.js";

export interface Ended {
  name: string;
  program: string;
  ending: Ending;
  report: Report;
  /** Frames that were decoded. */
  frames: number;
  /** Something stood on standard output that belongs to no frame, or a frame was cut. */
  rest: boolean;
  limits: { maxPixels: number; maxSeconds: number; maxMemoryBytes: number };
}

const corrupt = (name: string, why: string): VideoError =>
  new VideoError("ERR_EMPREINTE_CORRUPT", `${name} cannot be decoded: ${why}`);

/** What answers is no ffmpeg, whatever it says of itself. */
export function strange(program: string, name: string, how = ""): VideoError {
  const text = `The ffmpeg at ${program} did not answer as ffmpeg does on ${name}${how}`;
  return new VideoError("ERR_EMPREINTE_VIDEO_CHILD", text);
}

function refusal({ name, report, frames, limits }: Ended): EmpreinteError | undefined {
  const { maxPixels, maxMemoryBytes } = limits;
  const said = report.problems.join("\n");
  const { refusedSize: size } = report;
  if (size !== undefined && size.width * size.height > maxPixels) {
    const text = `${name} has frames of ${size.width}×${size.height} pixels, more than ${maxPixels}; maxPixels raises this limit`;
    return new LimitError("maxPixels", text);
  }
  if (report.outOfMemory) {
    const text = `Decoding ${name} takes more than ${maxMemoryBytes} bytes of memory; maxMemoryBytes raises this limit`;
    return new LimitError("maxMemoryBytes", text);
  }
  const { codec } = report;
  if (frames === 0 && codec !== undefined && (report.refused.has(codec) || /Decoder .*not found/.test(said))) {
    const text = `${name} has a video codec that is not decoded: ${codec}`;
    return new VideoError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
  }
  return undefined;
}

/** What was wrong, from how ffmpeg ended and what it said; `undefined` when all is well. */
export function failureOf(ended: Ended): EmpreinteError | undefined {
  const { name, program, report, frames, rest, limits } = ended;
  const { code, signal, error } = ended.ending;
  const { opened, problems, damage } = report;
  if (error !== undefined) {
    const text = `${program} cannot be started: ${error.message}`;
    return new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text, { cause: error });
  }
  if (signal === "SIGXCPU") {
    const text = `Decoding ${name} takes more than ${limits.maxSeconds} s; maxSeconds raises this limit`;
    return new LimitError("maxSeconds", text);
  }
  // Before looking at how it ended: out of memory it may as well have crashed.
  const refused = code !== 0 || frames === 0 ? refusal(ended) : undefined;
  if (refused !== undefined) return refused;
  if (signal !== null) return new VideoError("ERR_EMPREINTE_VIDEO_CHILD", `ffmpeg crashed on ${name} (${signal})`);
  const said = problems.join("\n");
  if (/Unrecognized option|Option \S+ not found|No such filter|Unknown encoder/.test(said)) {
    const text = `The ffmpeg at ${program} cannot do what is needed: ${problems.at(-1)}`;
    return new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  const none = /matches no streams|nothing was encoded|after EOF|unspecified size|Could not find codec parameters/;
  if (opened && frames === 0 && damage === undefined && (code === 0 || none.test(said)))
    return new VideoError("ERR_EMPREINTE_VIDEO_NO_FRAMES", `${name} has no video in it`);
  const why = damage ?? problems.find((text) => /error|invalid|missing|not found/i.test(text));
  if (opened || (why !== undefined && code !== 0)) {
    if (code !== 0) return corrupt(name, why ?? problems.at(-1) ?? `ffmpeg ended with ${code}`);
    if (damage !== undefined) return corrupt(name, damage);
    if (report.concealed) return corrupt(name, "its decoder came upon damage");
    if (!rest) return undefined;
  }
  return strange(program, name, ` (it ended with ${code})`);
}
