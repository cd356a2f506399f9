import { onAbort } from "../../on-abort.js";
import { PassThrough, type Readable } from "node:stream";
import { VideoError } from "../../errors.js";
import type { VideoFrame } from "../frame.js";
import { readY4m } from "../containers/y4m.js";

/** The methods of fluent-ffmpeg's `FfmpegCommand` that empreinte calls. The package itself need not be installed. */
export interface FluentCommand {
  outputOptions(options: string[]): unknown;
  format(name: string): unknown;
  output(stream: NodeJS.WritableStream): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  once(event: "end", listener: () => void): unknown;
  run(): unknown;
  kill(signal: string): unknown;
}

/** Returns whether a value has the methods of a `FfmpegCommand`. */
export function isFluentCommand(value: object): value is FluentCommand {
  return ["outputOptions", "format", "output", "on", "once", "run", "kill"].every(
    (name) => typeof (value as Record<string, unknown>)[name] === "function",
  );
}

/**
 * Runs a command and reads its frames, as luma at an even rate. Its inputs and filters are the caller's, and so is the
 * responsibility for what they open and cost: of our limits only those on frames, pixels and time apply to its child.
 */
export async function fluentFrames(
  command: FluentCommand,
  name: string,
  maxPixels: number,
  signal: AbortSignal | undefined,
): Promise<{ frames: AsyncIterable<VideoFrame>; frameRate: number | undefined }> {
  signal?.throwIfAborted();
  const pipe: Readable & NodeJS.WritableStream = new PassThrough();
  let ended = false;
  let failure: Error | undefined;
  const done = new Promise<void>((resolve) => {
    command.on("error", (error) => {
      failure ??= error;
      ended = true;
      pipe.destroy();
      resolve();
    });
    command.once("end", () => {
      ended = true;
      resolve();
    });
  });
  command.outputOptions(["-map", "0:V:0?", "-an", "-sn", "-dn", "-pix_fmt", "gray", "-strict", "-1"]);
  command.format("yuv4mpegpipe");
  command.output(pipe);
  const stop = (): void => {
    if (!ended) command.kill("SIGKILL");
    pipe.destroy();
  };
  const forget = onAbort(signal, stop);
  command.run();
  const close = async (): Promise<void> => {
    forget();
    stop();
    await done;
  };
  const failed = (error: unknown): unknown => {
    if (signal?.aborted) return signal.reason;
    if (failure === undefined) return error;
    const text = `${name} failed: ${failure.message.trim().split("\n").at(-1)}`;
    return new VideoError("ERR_EMPREINTE_VIDEO_CHILD", text, { cause: failure });
  };
  async function* frames(from: AsyncIterable<VideoFrame>): AsyncGenerator<VideoFrame, void, undefined> {
    try {
      yield* from;
      await done;
      if (failure !== undefined || signal?.aborted) throw failure;
    } catch (error) {
      throw failed(error);
    } finally {
      await close();
    }
  }
  async function* none(): AsyncGenerator<VideoFrame, void, undefined> {}
  try {
    const read = await readY4m(pipe, name, maxPixels);
    return { frames: frames(read?.frames ?? none()), frameRate: read?.frameRate };
  } catch (error) {
    await close();
    throw failed(error);
  }
}
