import type { Orientation, ImageHash } from "../../index.js";
import type { HashVideoOptions, VideoSignature } from "../../doors/video.js";
import {
  embeddedOption,
  filesSection,
  globSection,
  limitOptions,
  namesSection,
  nullOption,
  outputOptions,
  pageOptions,
  pathsMeaning,
  selectionOptions,
} from "../io/file-options.js";
import { jsonPath, jsonText, type Path, type PathField } from "../io/names.js";
import { partJson, partText, type VideoPart } from "../io/videos/video-part.js";
import { samplingOf, samplingOption } from "../io/videos/sampling.js";
import { selectionOf } from "../io/files/selection.js";
import { type Command, defineCommand } from "../table/command.js";

type Fields = (string | PathField)[];

/** `hash  quality  path`, as sha256sum prints them; the orientation or page comes before the path. */
function imageRecords(path: Path, result: ImageHash, orientations: readonly Orientation[]): Fields[] {
  const pages = result.frames ?? [result];
  return pages.flatMap((page, number): Fields[] => {
    const before = [String(page.quality), ...(result.frames ? [`page-${number}`] : [])];
    const turned = page.orientations;
    if (turned === undefined) return [[page.hash, ...before, { path }]];
    return orientations.map((name) => [turned[name], ...before, name, { path }]);
  });
}

/** A record for each frame: its time in seconds comes before the path, and the name of a part of the file. */
function videoRecords(
  path: Path,
  { frames }: VideoSignature,
  orientations: readonly Orientation[],
  part: VideoPart | undefined,
): Fields[] {
  const further = part === undefined ? [] : [partText(part)];
  return frames.flatMap(({ hash, quality, timestampSeconds, orientations: turned }): Fields[] => {
    const before = [String(quality), `${timestampSeconds.toFixed(3)} s`, ...further];
    if (turned === undefined) return [[hash, ...before, { path }]];
    return orientations.map((name) => [turned[name], ...before, name, { path }]);
  });
}

function imageJson(path: Path, { hash, quality, stable, width, height, orientations, frames }: ImageHash): object {
  const more = { ...(orientations && { orientations }), ...(frames && { frames }) };
  return { ...jsonPath(path), kind: "image", hash, quality, stable, width, height, ...more };
}

export const command: Command = defineCommand({
  name: "hash",
  summary: "Print the PDQ hashes of images and of video frames",
  description: [
    "Prints a line for each image, in the order of the files: hash, quality (0 to 100) and path, separated by two spaces. A video has a line for each frame: hash, quality, time and path. With --all-pages each page has its own line, with its number before the path (`page-0`, `page-1`, …).",
    "Every video stream of a file is hashed. The lines of the second and further ones have the number before the path (`stream-1`, `stream-2`, …). With --embedded, those of a video behind an image have `embedded` in that place.",
    "ffmpeg reads the videos; `empreinte doctor` prints which ffmpeg is used. Videos must be files, not pipes. A damaged video has the lines of its readable part, and then its error.",
  ],
  arguments: { path: { repeat: true, optional: true, does: pathsMeaning } },
  options: {
    ...selectionOptions,
    ...embeddedOption,
    orientations: {
      type: "flag",
      group: "Hashing",
      does: "Also print the hashes of the image rotated and mirrored: eight lines, with the orientation before the path.",
    },
    sampling: samplingOption("1"),
    compat: {
      type: "choice",
      value: "TOOL",
      choices: ["cpp-cli"],
      group: "Hashing",
      does: "Resize images to 512×512 first, as the reference's command-line tool does with `cpp-cli`. The hashes differ.",
    },
    ...outputOptions,
    ...nullOption,
    ...limitOptions,
    ...pageOptions,
  },
  sections: [
    filesSection,
    globSection,
    {
      title: "JSON",
      rows: [
        [
          "image",
          '{"path","kind":"image","hash","quality","stable","width","height"}, with "orientations" or "frames".',
        ],
        ["video", '`{"path","kind":"video"}` and its signature, which --video-signature of `scan` reads.'],
        ["failure", '`{"path","error":{"code","message"}}`'],
      ],
    },
    namesSection,
  ],
  statuses: { 0: "All files were hashed.", 2: "Some files could not be hashed." },
  examples: [
    { command: "empreinte hash --json photos/ > hashes.jsonl", does: "Hash every image and video in a folder." },
    {
      command: "empreinte hash --include '*.jpg' --exclude thumbs/ photos/",
      does: "Hash only JPEG files, outside of thumbnail folders.",
    },
  ],
  async run({ arguments: { path: paths }, options }, session) {
    const { hardenDecoder, orientationNames, tuneProcess } = await import("../../index.js");
    const { eachHash, endStatus, hashSettings, isVideoSignature, limitsOf } = await import("../io/each-file.js");
    const { textRecord } = await import("../io/names.js");
    const { partialFailure } = await import("../io/videos/videos.js");
    const { orientations, json, quiet, compat } = options;
    const selection = selectionOf(paths, options, session.stdin);
    const settings = { ...hashSettings(options), orientations, ...(compat !== undefined && { compat }) };
    const sampling = samplingOf(options.sampling, { fps: 1 });
    const videoOptions: HashVideoOptions = { ...limitsOf(options), sampling, orientations, partial: true };
    if (options.null && !json) session.recordEnd = "\0";
    hardenDecoder();
    tuneProcess();
    const found = async (path: Path, result: ImageHash | VideoSignature, part?: VideoPart): Promise<void> => {
      const video = isVideoSignature(result);
      if (json) {
        const line = video
          ? { ...jsonPath(path), kind: "video", ...partJson(part), ...result }
          : imageJson(path, result);
        await session.line(jsonText(line));
      } else {
        const names = orientationNames;
        const records = video ? videoRecords(path, result, names, part) : imageRecords(path, result, names);
        for (const fields of records) await session.line(textRecord(fields, "  ", options.null));
      }
      const failure = video ? partialFailure(result) : undefined;
      if (failure !== undefined) throw failure;
    };
    const { trouble } = await eachHash({ selection, json, quiet, session, found }, settings, videoOptions, options);
    return endStatus(trouble, false);
  },
});
