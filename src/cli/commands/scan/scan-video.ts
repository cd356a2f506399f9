import { EmpreinteError, type ImageHash, type HashList, type ListMatch } from "../../../index.js";
import {
  type HashVideoOptions,
  type VideoId,
  VideoIndex,
  type VideoMatch,
  type VideoSignature,
} from "../../../doors/video.js";
import { readKnown } from "./known-videos.js";
import { type Path, shownPath, textLine } from "../../io/names.js";
import type { Session } from "../../io/session.js";
import { clock, segmentText } from "../../io/videos.js";

export interface Search {
  radius: number;
  minQuality: number;
  orientations: boolean;
}

/** An entry of a list in a video: the frame that is nearest, and when it is shown. */
export type FrameMatch = ListMatch & { timestampSeconds: number; trimmed?: true };

/** The known videos of `--video-signature`, under the names of their files. */
export interface KnownVideos {
  index: VideoIndex | undefined;
  trouble: boolean;
}

/** Loads each by itself, as the lists. */
export async function loadVideos(
  paths: readonly string[],
  how: Search,
  options: HashVideoOptions,
  session: Session,
): Promise<KnownVideos> {
  if (paths.length === 0) return { index: undefined, trouble: false };
  const index = new VideoIndex({ minQuality: how.minQuality });
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

/** Of each list's entry that is in the video, the nearest frame, by time. */
export async function framesInLists(
  { frames }: VideoSignature,
  lists: readonly HashList[],
  how: Search,
  signal: AbortSignal,
): Promise<FrameMatch[]> {
  const best = new Map<string, FrameMatch>();
  let last: string | undefined;
  for (const frame of frames) {
    // A still scene's frames often have one hash.
    const hashes = frame.hash + (frame.trimmed?.hash ?? "");
    if (hashes === last) continue;
    last = hashes;
    for (const query of frame.trimmed === undefined ? [frame] : [frame, frame.trimmed]) {
      for (const [number, known] of lists.entries()) {
        for (const match of await known.search(query, { ...how, signal })) {
          const key = JSON.stringify([number, match.list, match.line]);
          const other = best.get(key);
          if (other !== undefined && other.distance <= match.distance) continue;
          const { timestampSeconds } = frame;
          best.set(key, { ...match, timestampSeconds, ...(query !== frame && { trimmed: true }) });
        }
      }
    }
  }
  return [...best.values()].toSorted((a, b) => a.timestampSeconds - b.timestampSeconds);
}

/** Of a picture, its pages one by one; of a video, as one. Each known video once, as the page that has most of it. */
export async function inKnownVideos(
  result: ImageHash | VideoSignature,
  index: VideoIndex,
  how: Search,
  signal: AbortSignal,
): Promise<VideoMatch[]> {
  if ("durationSeconds" in result) return index.search(result, { ...how, signal });
  const best = new Map<VideoId, VideoMatch>();
  for (const page of result.frames ?? [result]) {
    for (const match of await index.search(page, { ...how, signal })) {
      const other = best.get(match.id);
      if (other === undefined || match.distance < other.distance) best.set(match.id, match);
    }
  }
  return [...best.values()];
}

export function frameLines(path: Path, matches: readonly FrameMatch[]): string[] {
  return matches.map(({ distance, list, line, orientation, metadata, timestampSeconds, trimmed }) =>
    textLine(
      [
        path,
        String(distance),
        `${list}:${line}`,
        trimmed ? `trimmed ${orientation}` : orientation,
        clock(timestampSeconds),
        metadata,
      ],
      "\t",
    ),
  );
}

export function videoLines(path: Path, isVideo: boolean, matches: readonly VideoMatch[]): string[] {
  return matches.flatMap(({ id, kind, segments, orientation, trimmed }) =>
    segments.map((segment) => {
      const name = shownPath(path);
      const { view } = segment;
      const turned = view === undefined ? orientation : (view.orientation ?? "orig");
      const idea = view?.name ?? (trimmed ? "trimmed" : undefined);
      const how = idea === undefined ? "" : `, ${idea}${turned === "orig" ? "" : ` ${turned}`}`;
      if (isVideo) return textLine([`${name} ${segmentText(String(id), kind, segment)}${how}`], "");
      const { knownFrom, knownTo, distance } = segment;
      const when = `${clock(knownFrom)}–${clock(knownTo)}`;
      return textLine([`${name} = ${String(id)} ${when}, ${Math.round(distance)} bits`], "");
    }),
  );
}
