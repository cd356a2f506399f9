import { EmpreinteError, type ImageHash } from "../../../index.js";
import {
  type HashVideoOptions,
  type VideoId,
  VideoIndex,
  type VideoMatch,
  type VideoSegment,
  type VideoSignature,
} from "../../../doors/video.js";
import type { Session } from "../../io/session.js";
import { readKnown } from "./known-videos.js";
import type { SearchSettings } from "./list-matches.js";
import { regionText, type ScanMatch, type ScanRecord, viewText } from "./record.js";

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

/** `12.0-47.0`; `-` for an image, which has no time. */
const times = (from: number, to: number, isImage: boolean): string =>
  isImage ? "-" : `${from.toFixed(1)}-${to.toFixed(1)}`;

/** A record for each segment: `12.0-47.0=3.0-38.0` are the times in the scanned video and in the known one. */
function segmentRecord(match: VideoMatch, segment: VideoSegment, isVideo: boolean): ScanRecord {
  const { queryFrom, queryTo, knownFrom, knownTo, speed, share, view, region, distance } = segment;
  const query = times(queryFrom, queryTo, !isVideo);
  const known = times(knownFrom, knownTo, match.kind === "image");
  const pace = Math.abs(speed - 1) < 0.015 ? undefined : `speed=${speed.toFixed(2)}`;
  const matched = isVideo ? `share=${Math.round(100 * share)}%` : undefined;
  return {
    verdict: "match",
    distance,
    reference: String(match.id),
    orientation: segment.orientation ?? match.orientation,
    view: viewText(view ?? (match.trimmed ? "trimmed" : undefined)),
    detail: [`${query}=${known}`, matched, pace, regionText(region)],
  };
}

export function videoMatch(match: VideoMatch, isVideo: boolean): ScanMatch {
  const [first, ...rest] = match.segments.map((segment) => segmentRecord(match, segment, isVideo));
  const { id, kind, segments, queryShare, knownShare } = match;
  return { records: [first!, ...rest], json: { video: id, kind, segments, queryShare, knownShare } };
}

/** The known videos that a video has something of. */
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
  image: ImageHash,
  index: VideoIndex,
  settings: SearchSettings,
  signal: AbortSignal,
): Promise<ScanMatch[]> {
  const best = new Map<VideoId, VideoMatch>();
  for (const page of image.frames ?? [image]) {
    for (const match of await index.search(page, { ...settings, signal })) {
      const other = best.get(match.id);
      if (other === undefined || match.distance < other.distance) best.set(match.id, match);
    }
  }
  return [...best.values()].map((match) => videoMatch(match, false));
}
