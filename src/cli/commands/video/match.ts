import { VideoIndex, type VideoSignature } from "../../../doors/video.js";
import { number, parse, UsageError } from "../../args.js";
import { noteOldDecoder } from "../../io/decoder-note.js";
import { jsonPath, textLine } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";
import { readOneVideo } from "../scan/known-videos.js";
import { samplingOf, segmentText, videoProgress } from "../../io/videos.js";

const options = {
  json: { type: "boolean" },
  quiet: { type: "boolean" },
  sampling: { type: "string" },
  radius: { type: "string" },
  "min-quality": { type: "string" },
  "include-weak": { type: "boolean" },
  "no-orientations": { type: "boolean" },
} as const;

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [query, known, ...more] = positionals;
  if (query === undefined || known === undefined || more.length > 0)
    throw new UsageError("Expected two files, A and B");
  const sampling = samplingOf(values.sampling, "all");
  const radius = number("radius", values.radius, { least: 0, most: 256 }) ?? 31;
  const minQuality = number("min-quality", values["min-quality"], { least: 0, most: 100 }) ?? 50;
  const { signal } = session;
  const progress = new Progress(session, values.quiet === true);
  const orientations = values["no-orientations"] !== true;
  const read = (path: string, turned: boolean): Promise<VideoSignature> => {
    const started = performance.now();
    const onProgress = (at: Parameters<typeof videoProgress>[1]): void => {
      progress.detail = `${textLine([path], "")} ${videoProgress(started, at)}`;
    };
    return readOneVideo(path, { sampling, orientations: turned, signal, onProgress });
  };
  try {
    using index = new VideoIndex({ minQuality });
    if (values.quiet !== true) await noteOldDecoder(session);
    index.add(known, await read(known, false));
    const asked = await read(query, orientations);
    const includeWeak = values["include-weak"] === true;
    const [match] = await index.search(asked, { radius, minQuality, orientations, includeWeak, lookUp: "all", signal });
    progress.stop();
    if (values.json) {
      const { segments = [], queryShare = 0, knownShare = 0, orientation } = match ?? {};
      const found = { segments, queryShare, knownShare, ...(orientation && { orientation }) };
      await session.line(JSON.stringify({ a: jsonPath(query), b: jsonPath(known), ...found }));
    } else {
      for (const segment of match?.segments ?? []) {
        await session.line(textLine([`${query} ${segmentText(known, "video", segment)}`], ""));
      }
    }
    return match === undefined ? status.nothing : status.found;
  } finally {
    progress.stop();
  }
}
