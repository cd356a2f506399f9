/** Comparing what was found of a video with the store: frames near known images, and stretches of known videos. */
import { hashDistance } from "../../hash/value.js";
import type { VideoSegment } from "../../video-index/results.js";
import { type SignalRecord, wipedFlag } from "../storage/pages.js";
import { frameType, stillTypes } from "../storage/signals.js";
import { type DecisionMatch, sharedSeconds } from "./match.js";
import {
  actionOf,
  type entryCounter,
  entryPart,
  type FramePlace,
  matchSignals,
  type NearSignal,
} from "./match-signals.js";
import type { Policy } from "./policy.js";
import type { QuerySegment, QuerySegments, QueryVideo } from "./query-video.js";
import type { Snapshot } from "./snapshot.js";

type Counter = ReturnType<typeof entryCounter>;

/** Returns a signal that has not been removed since. */
function presentSignal(snapshot: Snapshot, signal: number, types: readonly number[]): SignalRecord | undefined {
  const record = snapshot.signal(signal);
  return record !== undefined && (record.flags & wipedFlag) === 0 && types.includes(record.type) ? record : undefined;
}

/** Returns the matches of frames that were found near known images: of each frame, each entry once. */
export function matchFrames(snapshot: Snapshot, { frames }: QueryVideo, counted: Counter): DecisionMatch[] {
  const near = new Map<string, NearSignal[]>();
  for (const { signal, hash, quality, orientation, timestampSeconds, trimmed } of frames) {
    const record = presentSignal(snapshot, signal, stillTypes);
    if (record === undefined) continue;
    const at: FramePlace = { timestampSeconds, ...(trimmed && { trimmed }) };
    const key = JSON.stringify(at);
    const distance = hashDistance(hash, record.value);
    near.set(key, [...(near.get(key) ?? []), { signal, kind: "near", distance, orientation, quality, at }]);
  }
  return [...near.values()].flatMap((some) => matchSignals(snapshot, some, counted));
}

/** A stretch whose pairs were compared again. */
interface ComparedSegment {
  segment: VideoSegment;
  /** The nearest pair: its signal and distance. */
  nearest: { signal: number; record: SignalRecord; distance: number };
}

/** Compares the pairs of a stretch, unless one of their signals does not match any more. */
function compareSegment(snapshot: Snapshot, { pairs, ...given }: QuerySegment): ComparedSegment | undefined {
  let sum = 0;
  let nearest: ComparedSegment["nearest"] | undefined;
  for (const { signal, hash } of pairs) {
    const record = presentSignal(snapshot, signal, [frameType]);
    if (record === undefined || (nearest !== undefined && nearest.record.entry !== record.entry)) return undefined;
    const distance = hashDistance(hash, record.value);
    sum += distance;
    if (nearest === undefined || distance < nearest.distance) nearest = { signal, record, distance };
  }
  const { queryFrom, queryTo, knownFrom, knownTo, speed, share, matches, ...view } = given;
  const times = { queryFrom, queryTo, knownFrom, knownTo, speed };
  return { segment: { ...times, distance: sum / pairs.length, share, matches, ...view }, nearest: nearest! };
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Returns the rule by which stretches of a video count, or undefined if they do not. */
function explainSegments(policy: Policy, found: QuerySegments, seconds: number, label: string): string | undefined {
  const { radius, minQuality, orientation, queryShare, knownShare, segments } = found;
  const { minSharedSeconds = 0, minShare = 0 } = policy;
  // The policy was another one when the video was searched.
  if (policy.radius < radius || policy.minQuality > minQuality) return undefined;
  if (!policy.orientations.includes(orientation)) return undefined;
  const share = Math.max(queryShare, knownShare);
  if (seconds < minSharedSeconds || share < minShare) return undefined;
  const stretches = segments.length === 1 ? "1 segment" : `${segments.length} segments`;
  const of = `${percent(queryShare)} of the upload and ${percent(knownShare)} of the known video`;
  const least = minSharedSeconds > 0 ? ` of at least ${minSharedSeconds}` : "";
  const leastShare = minShare > 0 ? `, at least ${percent(minShare)} of one` : "";
  const frames = `frames within ${radius} bits, quality of at least ${minQuality}`;
  const byLabel = label === "" ? "" : `, label ${label}`;
  return `${stretches}, ${seconds.toFixed(1)} s${least}, ${of}${leastShare}, ${frames}${byLabel}`;
}

function matchVideo(snapshot: Snapshot, found: QuerySegments, counted: Counter): DecisionMatch | undefined {
  const compared = found.segments.flatMap((segment) => compareSegment(snapshot, segment) ?? []);
  if (compared.length === 0 || compared.length < found.segments.length) return undefined;
  const [best] = compared.toSorted((a, b) => a.segment.distance - b.segment.distance);
  const { segment, nearest } = best!;
  const { record, signal } = nearest;
  if (compared.some((other) => other.nearest.record.entry !== record.entry)) return undefined;
  const counting = counted(record.entry);
  if (counting === undefined) return undefined;
  const { entry, bank, label } = counting;
  const segments = compared.map((one) => one.segment);
  const rule = explainSegments(bank.policy, found, sharedSeconds(segments), label);
  if (rule === undefined) return undefined;
  const { view, region, distance } = segment;
  return {
    hash: record.value.toString("hex").slice(0, 8),
    type: "vpdq",
    kind: "video",
    distance,
    orientation: found.orientation,
    ...(view !== undefined && { view }),
    ...(region !== undefined && { region }),
    ...(found.trimmed && { trimmed: true }),
    segments,
    queryShare: found.queryShare,
    knownShare: found.knownShare,
    ...(record.quality !== undefined && { quality: record.quality }),
    ...entryPart(entry, bank, record.entry),
    signal,
    labels: entry.labels,
    action: actionOf(bank, entry.flooded, undefined, undefined),
    ...(entry.flooded && { flooded: true as const }),
    suppressed: false,
    rule,
  };
}

/** Returns the known videos that share stretches with the upload, as far as these still match. */
export function matchVideos(snapshot: Snapshot, { videos }: QueryVideo, counted: Counter): DecisionMatch[] {
  return videos.flatMap((found) => matchVideo(snapshot, found, counted) ?? []);
}
