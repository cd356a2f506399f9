import { EmpreinteError, type ImageHash } from "../../../index.js";
import { type HashVideoOptions, VideoIndex, type VideoMatch, type VideoSignature } from "../../../doors/video.js";
import type { Session } from "../../io/session.js";
import { readKnown } from "./known-videos.js";
import type { ImageQuery, SearchSettings } from "./list-matches.js";
import type { ScanMatch } from "./record.js";
import { segmentRecord } from "./segment-record.js";

/** The known videos of `--video-signature`, under the names of their files. */
export interface KnownVideos {
  index: VideoIndex | undefined;
  trouble: boolean;
}

/** Loads each known video by itself, as the lists are. */
export async function loadVideos(
  paths: readonly string[],
  { minQuality }: SearchSettings,
  options: HashVideoOptions,
  session: Session,
): Promise<KnownVideos> {
  if (paths.length === 0) return { index: undefined, trouble: false };
  const index = new VideoIndex({ minQuality });
  let trouble = false;
  for (const path of paths) {
    try {
      const known = await readKnown(path, { ...options, signal: session.signal });
      for (const { id, what } of known) index.add(id, what);
    } catch (error) {
      if (!(error instanceof EmpreinteError)) throw error;
      trouble = true;
      session.note(error.message);
    }
  }
  return { index: index.size > 0 ? index : undefined, trouble };
}

export function videoMatch(match: VideoMatch, isVideo: boolean): ScanMatch {
  const { id, kind, orientation, trimmed, segments, queryShare, knownShare } = match;
  const common = {
    verdict: "match" as const,
    reference: String(id),
    orientation,
    trimmed,
    isVideo,
    isImage: kind === "image",
  };
  const [first, ...rest] = segments.map((segment) => segmentRecord(common, segment));
  return { records: [first!, ...rest], json: { video: id, kind, segments, queryShare, knownShare } };
}

/** Returns the known videos that a video has something of. */
export async function videosInVideo(
  signature: VideoSignature,
  index: VideoIndex,
  settings: SearchSettings,
  signal: AbortSignal,
): Promise<ScanMatch[]> {
  const matches = await index.search(signature, { ...settings, signal });
  return matches.map((match) => videoMatch(match, true));
}

/** The known videos that an image is in, each by the page that is nearest. */
export async function videosWithImage(
  image: ImageQuery & Pick<ImageHash, "frames">,
  index: VideoIndex,
  settings: SearchSettings,
  signal: AbortSignal,
): Promise<ScanMatch[]> {
  const best = new Map<VideoMatch["id"], VideoMatch>();
  for (const page of image.frames ?? [image]) {
    for (const match of await index.search(page, { ...settings, signal })) {
      const other = best.get(match.id);
      if (other === undefined || match.distance < other.distance) best.set(match.id, match);
    }
  }
  return [...best.values()].map((match) => videoMatch(match, false));
}
