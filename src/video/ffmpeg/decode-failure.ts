import { type EmpreinteError, LimitError, VideoError } from "../../errors.js";
import type { ChildExit } from "../../processes/child-process.js";
import type { StderrReport } from "./stderr-report.js";

export interface FinishedRun {
  name: string;
  program: string;
  exit: ChildExit;
  report: StderrReport;
  /** The number of frames that were decoded. */
  frames: number;
  /** Whether standard output had data that belongs to no frame, or a frame was cut short. */
  leftover: boolean;
  limits: { maxPixels: number; maxSeconds: number; maxMemoryBytes: number };
}

const corrupt = (name: string, why: string): VideoError =>
  new VideoError("ERR_EMPREINTE_CORRUPT", `${name} cannot be decoded: ${why}`);

/** Returns the error for a program that answers `-version` as ffmpeg does, but behaves otherwise. */
export function notFfmpegError(program: string, name: string, detail = ""): VideoError {
  const text = `The ffmpeg at ${program} did not answer as ffmpeg does on ${name}${detail}`;
  return new VideoError("ERR_EMPREINTE_VIDEO_CHILD", text);
}

function refusal({ name, report, frames, limits }: FinishedRun): EmpreinteError | undefined {
  const { maxPixels, maxMemoryBytes } = limits;
  const messages = report.problems.join("\n");
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
  if (
    frames === 0 &&
    codec !== undefined &&
    (report.refusedCodecs.has(codec) || /Decoder .*not found/.test(messages))
  ) {
    const text = `${name} has a video codec that is not decoded: ${codec}`;
    return new VideoError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
  }
  return undefined;
}

/** Returns what went wrong, from how ffmpeg exited and what it wrote on standard error; undefined when nothing did. */
export function failureOf(run: FinishedRun): EmpreinteError | undefined {
  const { name, program, report, frames, leftover, limits } = run;
  const { code, signal, error } = run.exit;
  const { fileOpened, problems, damage } = report;
  if (error !== undefined) {
    const text = `${program} cannot be started: ${error.message}`;
    return new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text, { cause: error });
  }
  if (signal === "SIGXCPU") {
    const text = `Decoding ${name} takes more than ${limits.maxSeconds} s; maxSeconds raises this limit`;
    return new LimitError("maxSeconds", text);
  }
  // This comes before the exit status, because ffmpeg may also crash when it is out of memory.
  const refused = code !== 0 || frames === 0 ? refusal(run) : undefined;
  if (refused !== undefined) return refused;
  if (signal !== null) return new VideoError("ERR_EMPREINTE_VIDEO_CHILD", `ffmpeg crashed on ${name} (${signal})`);
  const messages = problems.join("\n");
  if (/Unrecognized option|Option \S+ not found|No such filter|Unknown encoder/.test(messages)) {
    const text = `The ffmpeg at ${program} cannot do what is needed: ${problems.at(-1)}`;
    return new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  const none = /matches no streams|nothing was encoded|after EOF|unspecified size|Could not find codec parameters/;
  if (fileOpened && frames === 0 && damage === undefined && (code === 0 || none.test(messages)))
    return new VideoError("ERR_EMPREINTE_VIDEO_NO_FRAMES", `${name} has no video in it`);
  const why = damage ?? problems.find((text) => /error|invalid|missing|not found/i.test(text));
  if (fileOpened || (why !== undefined && code !== 0)) {
    if (code !== 0) return corrupt(name, why ?? problems.at(-1) ?? `ffmpeg ended with ${code}`);
    if (damage !== undefined) return corrupt(name, damage);
    if (report.concealed) return corrupt(name, "its decoder came upon damage");
    if (!leftover) return undefined;
  }
  const said = problems.at(-1) ?? report.foreignLine;
  return notFfmpegError(program, name, ` (it ended with ${code}${said === undefined ? "" : `: ${said}`})`);
}
