import { orientationNames, hardenDecoder, type ImageHash } from "../../index.js";
import { type VideoSignature } from "../../doors/video.js";
import { parse, UsageError } from "../args.js";
import {
  eachFile,
  endStatus,
  fileOptions,
  fileSettings,
  type HashSettings,
  isVideoSignature,
  videoSettings,
} from "../io/files.js";
import { jsonPath, type Path, textLine } from "../io/names.js";
import type { Session } from "../io/session.js";
import { samplingOf } from "../io/videos.js";

const options = {
  ...fileOptions,
  orientations: { type: "boolean" },
  compat: { type: "string" },
  sampling: { type: "string" },
} as const;

/** `hash  quality  path`, like sha256sum; the variant or the page stands before the path. */
function textLines(path: Path, result: ImageHash): string[] {
  const pages = result.frames ?? [result];
  return pages.flatMap((page, number) => {
    const before = result.frames ? [`page-${number}`] : [];
    const quality = String(page.quality);
    const { orientations } = page;
    if (orientations === undefined) return [textLine([page.hash, quality, ...before, path], "  ")];
    return orientationNames.map((name) => textLine([orientations[name], quality, ...before, name, path], "  "));
  });
}

function jsonLine(path: Path, { hash, quality, stable, width, height, orientations, frames }: ImageHash): string {
  const more = { ...(orientations && { orientations }), ...(frames && { frames }) };
  return JSON.stringify({ ...jsonPath(path), kind: "image", hash, quality, stable, width, height, ...more });
}

/** A line a frame: its time in seconds stands before the path. */
function videoLines(path: Path, { frames }: VideoSignature): string[] {
  return frames.flatMap(({ hash, quality, timestampSeconds, orientations }) => {
    const fields: Path[] = [String(quality), `${timestampSeconds.toFixed(3)} s`];
    if (orientations === undefined) return [textLine([hash, ...fields, path], "  ")];
    return orientationNames.map((name) => textLine([orientations[name], ...fields, name, path], "  "));
  });
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const settings: HashSettings = fileSettings(values);
  if (values.orientations) settings.orientations = true;
  if (values.compat !== undefined) {
    if (values.compat !== "cpp-cli") throw new UsageError(`Expected cpp-cli for --compat`);
    settings.compat = values.compat;
  }
  hardenDecoder();
  const orientations = values.orientations === true;
  const videos = videoSettings(settings, { sampling: samplingOf(values.sampling, { fps: 1 }), orientations });
  const print = async (path: Path, result: ImageHash | VideoSignature): Promise<void> => {
    const video = isVideoSignature(result);
    if (values.json && video) await session.line(JSON.stringify({ ...jsonPath(path), kind: "video", ...result }));
    else if (values.json && !video) await session.line(jsonLine(path, result as ImageHash));
    else for (const line of video ? videoLines(path, result) : textLines(path, result)) await session.line(line);
  };
  const { trouble } = await eachFile(positionals, values, settings, session, print, videos);
  return endStatus(trouble, false);
}
