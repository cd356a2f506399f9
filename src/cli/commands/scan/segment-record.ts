import type { VideoSegment } from "../../../doors/video.js";
import { regionText, type ScanRecord, viewText } from "./record.js";

/** `12.0-47.0`; `-` for an image, which has no time. */
const times = (from: number, to: number, isImage: boolean): string =>
  isImage ? "-" : `${from.toFixed(1)}-${to.toFixed(1)}`;

/** What the segments of one match have in common. */
export interface SegmentMatch {
  verdict: ScanRecord["verdict"];
  reference: string;
  orientation: string;
  trimmed?: true | undefined;
  /** Whether the scanned file is a video. */
  isVideo: boolean;
  /** Whether what is known is an image. */
  isImage: boolean;
  /** What comes after the times. */
  detail?: readonly (string | undefined)[];
}

/** A record for each segment: `12.0-47.0=3.0-38.0` are the times in the scanned video and in the known one. */
export function segmentRecord(match: SegmentMatch, segment: VideoSegment): ScanRecord {
  const { queryFrom, queryTo, knownFrom, knownTo, speed, share, view, region, distance, orientation } = segment;
  const { verdict, reference, trimmed, isVideo, isImage, detail = [] } = match;
  const query = times(queryFrom, queryTo, !isVideo);
  const known = times(knownFrom, knownTo, isImage);
  const pace = Math.abs(speed - 1) < 0.015 ? undefined : `speed=${speed.toFixed(2)}`;
  const matched = isVideo ? `share=${Math.round(100 * share)}%` : undefined;
  return {
    verdict,
    distance,
    reference,
    orientation: orientation ?? match.orientation,
    view: viewText(view ?? (trimmed ? "trimmed" : undefined)),
    detail: [`${query}=${known}`, matched, pace, regionText(region), ...detail],
  };
}
