import { jsonPath, jsonText, textLine } from "../../io/names.js";
import { nearnessOptions } from "../../io/nearness-options.js";
import { Progress } from "../../io/progress.js";
import { samplingOf, samplingOption } from "../../io/videos/sampling.js";
import { status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";

export const command: Command = defineCommand({
  name: "video match",
  summary: "Print which segments of a video are in another",
  description: [
    "Prints a line for each segment of A that is in B. It has the times in both, how much of it matches, and the speed if it differs: `clip.mp4 00:12–00:47 = known.mp4 01:03–01:38, 96 %`. A match is a lead, not proof.",
    "A and B are videos or their signatures: vPDQ in any of its three text forms, or the output of `empreinte hash --json` for one video. The content of a file decides what it is.",
  ],
  arguments: { a: { does: "The video that is searched for." }, b: { does: "The video that may contain it." } },
  options: {
    sampling: samplingOption("all"),
    ...nearnessOptions({ hashes: "frames", images: "frames" }),
    "include-weak": {
      type: "flag",
      does: "Also print segments of one still image, and what unrelated videos share at their beginning.",
    },
    "no-orientations": { type: "flag", does: "Match A as it is, not rotated or mirrored." },
    json: { type: "flag", does: "Print one JSON object." },
    quiet: { type: "flag", does: "Print no progress." },
  },
  sections: [{ title: "JSON", rows: [["match", '`{"a","b","segments","queryShare","knownShare","orientation"}`']] }],
  statuses: { 0: "Nothing was found.", 1: "A segment was found.", 2: "A file cannot be read." },
  examples: [{ command: "empreinte video match clip.mp4 known.mp4", does: "Look for a clip in a film." }],
  async run({ arguments: { a: query, b: known }, options }, session) {
    const sampling = samplingOf(options.sampling, "all");
    const { VideoIndex } = await import("../../../doors/video.js");
    const { noteOldDecoder } = await import("../../io/videos/decoder-note.js");
    const { segmentText, videoProgress } = await import("../../io/videos/videos.js");
    const { readOneVideo } = await import("../scan/known-videos.js");
    const { radius, minQuality, includeWeak, noOrientations, json, quiet } = options;
    const { signal } = session;
    const progress = new Progress(session, quiet);
    const orientations = !noOrientations;
    const read = (path: string, turned: boolean): ReturnType<typeof readOneVideo> => {
      const started = performance.now();
      const onProgress = (at: Parameters<typeof videoProgress>[1]): void => {
        progress.detail = `${textLine([path], "")} ${videoProgress(started, at)}`;
      };
      return readOneVideo(path, { sampling, orientations: turned, signal, onProgress });
    };
    try {
      using index = new VideoIndex({ minQuality });
      if (!quiet) await noteOldDecoder(session);
      index.add(known, await read(known, false));
      const signature = await read(query, orientations);
      const [match] = await index.search(signature, {
        radius,
        minQuality,
        orientations,
        includeWeak,
        lookUp: "all",
        signal,
      });
      progress.stop();
      if (json) {
        const { segments = [], queryShare = 0, knownShare = 0, orientation } = match ?? {};
        const found = { segments, queryShare, knownShare, ...(orientation && { orientation }) };
        await session.line(jsonText({ a: jsonPath(query), b: jsonPath(known), ...found }));
      } else {
        for (const segment of match?.segments ?? []) {
          await session.line(textLine([`${query} ${segmentText(known, "video", segment)}`], ""));
        }
      }
      return match === undefined ? status.nothing : status.found;
    } finally {
      progress.stop();
    }
  },
});
