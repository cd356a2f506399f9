import { type EmpreinteError, LimitError, VideoError } from "../errors.js";
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

function refusal(name: string, said: string, limits: Ended["limits"]): EmpreinteError | undefined {
  const { maxPixels, maxMemoryBytes } = limits;
  const size = /Picture size (\d+)x(\d+) is invalid/i.exec(said);
  if (size !== null && Number(size[1]) * Number(size[2]) > maxPixels) {
    const text = `${name} has frames of ${size[1]}×${size[2]} pixels, more than ${maxPixels}; maxPixels raises this limit`;
    return new LimitError("maxPixels", text);
  }
  if (/Cannot allocate memory|Error allocating|Unable to allocate/i.test(said)) {
    const text = `Decoding ${name} takes more than ${maxMemoryBytes} bytes of memory; maxMemoryBytes raises this limit`;
    return new LimitError("maxMemoryBytes", text);
  }
  const codec =
    /Codec \((\S+)\) not on whitelist|codec not currently supported|Decoder \((?:codec )?(\S+)\) not found/i;
  const unknown = codec.exec(said);
  if (unknown !== null) {
    const which = unknown[1] ?? unknown[2];
    const text = `${name} has a video codec that is not decoded${which === undefined ? "" : `: ${which}`}`;
    return new VideoError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
  }
  return undefined;
}

/** What was wrong, from how ffmpeg ended and what it said; `undefined` when all is well. */
export function failureOf({ name, program, ending, report, frames, rest, limits }: Ended): EmpreinteError | undefined {
  const { code, signal, error } = ending;
  if (error !== undefined) {
    const text = `${program} cannot be started: ${error.message}`;
    return new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text, { cause: error });
  }
  const said = report.problems.join("\n");
  if (signal === "SIGXCPU") {
    const text = `Decoding ${name} takes more than ${limits.maxSeconds} s; maxSeconds raises this limit`;
    return new LimitError("maxSeconds", text);
  }
  // Before looking at the end: this is also what an ffmpeg out of memory or refusing a picture may crash of.
  const failed = code !== 0 || frames === 0;
  const refused = failed ? refusal(name, said, limits) : undefined;
  if (refused !== undefined) return refused;
  if (signal !== null) return new VideoError("ERR_EMPREINTE_VIDEO_CHILD", `ffmpeg crashed on ${name} (${signal})`);
  if (/Unrecognized option|Option \S+ not found|No such filter|Unknown encoder/.test(said)) {
    const text = `The ffmpeg at ${program} cannot do what is needed: ${report.problems.at(-1)}`;
    return new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  const none = new VideoError("ERR_EMPREINTE_VIDEO_NO_FRAMES", `${name} has no video in it`);
  if (report.opened && /matches no streams/.test(said)) return none;
  if (report.opened && frames === 0 && report.damage === undefined) {
    const empty = /nothing was encoded|after EOF|unspecified size|Could not find codec parameters/.test(said);
    if (code === 0 || empty) return none;
  }
  const why = report.damage ?? report.problems.find((text) => /error|invalid|missing|not found/i.test(text));
  if (report.opened || (why !== undefined && code !== 0)) {
    if (code !== 0) return corrupt(name, why ?? report.problems.at(-1) ?? `ffmpeg ended with ${code}`);
    if (report.damage !== undefined) return corrupt(name, report.damage);
    if (!rest) return undefined;
  }
  const text = `The ffmpeg at ${program} did not answer as ffmpeg does on ${name} (it ended with ${code})`;
  return new VideoError("ERR_EMPREINTE_VIDEO_CHILD", text);
}
