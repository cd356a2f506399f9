import { onAbort } from "../../on-abort.js";
import { rm, writeFile } from "node:fs/promises";
import { VideoError } from "../../errors.js";
import { endChild, startChild } from "../../processes/child-process.js";
import { usableFfmpeg } from "../../video/ffmpeg/find-ffmpeg.js";
import { sniffVideo } from "../../doors/video.js";
import { firstBytes } from "../first-bytes.js";
import { png } from "../sharp.js";
import type { Recipe } from "./edits.js";

/** Makes sides even, as x264 requires, and pixels square. */
const even = "scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1,format=yuv420p";

/** The most seconds for encoding one clip. */
const maxSeconds = 600;

/**
 * Encodes an edited clip into the file `out` (MP4, x264, without sound).
 *
 * @param path a file that `hashVideo` has read, which checks its content.
 * @throws {VideoError} `ERR_EMPREINTE_VIDEO_CHILD` with ffmpeg's message; or the signal's reason.
 */
export async function encodeEdit(
  path: string,
  out: string,
  recipe: Recipe,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ffmpeg = await usableFfmpeg(signal === undefined ? {} : { signal });
  const format = sniffVideo(await firstBytes(path));
  const { from, seconds, filter, image, frameRate = 25, quality = 23 } = recipe;
  const still = `${out}.png`;
  const cut = [
    ...(from === undefined ? [] : ["-ss", from.toFixed(3)]),
    ...(seconds === undefined ? [] : ["-t", seconds.toFixed(3)]),
  ];
  const local = ["-protocol_whitelist", "file"];
  const input = [...local, "-f", format ?? "mov", ...cut, "-i", `file:${path}`];
  const under =
    image === undefined
      ? []
      : [
          ...local,
          "-f",
          "image2",
          "-pattern_type",
          "none",
          "-loop",
          "1",
          "-framerate",
          frameRate.toFixed(3),
          "-i",
          `file:${still}`,
        ];
  const graph =
    image === undefined ? ["-map", "0:v:0", "-vf", `${filter},${even}`] : ["-filter_complex", `${filter},${even}`];
  const coding = [
    "-an",
    "-sn",
    "-dn",
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-threads",
    "1",
    "-crf",
    String(quality),
  ];
  if (image !== undefined) await writeFile(still, await png(image), { mode: 0o600 });
  const args = ["-nostdin", "-v", "error", "-y", ...input, ...under, ...graph, ...coding, "-f", "mp4", `file:${out}`];
  const child = startChild(ffmpeg.path, args);
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said = `${said}${text.toString("utf8")}`.slice(0, 2000)));
  child.stdout.resume();
  const stop = (): void => child.kill();
  const timer = setTimeout(stop, 1000 * maxSeconds);
  const forget = onAbort(signal, stop);
  try {
    const { code, error } = await child.exited;
    signal?.throwIfAborted();
    if (code === 0) return;
    const reason = said.split("\n")[0]!.replaceAll(/[^\x20-\x7e]/g, "") || (error?.message ?? `it ended with ${code}`);
    throw new VideoError("ERR_EMPREINTE_VIDEO_CHILD", `ffmpeg could not encode a clip: ${reason}`);
  } finally {
    clearTimeout(timer);
    forget();
    await endChild(child);
    await rm(still, { force: true });
  }
}
