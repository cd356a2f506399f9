/** Finding known images among the frames of an upload. */
import { type Orientation, type OrientationHashes } from "../../hash/orientations.js";
import { hashToBytes } from "../../hash/value.js";
import type { SignatureFrame } from "../../video/signature.js";
import type { DecisionContext } from "../decision/context.js";
import { type DecisionMatch, suppresses, suppressorOf } from "../decision/match.js";
import { entryCounter, type FramePlace, matchSignals, type NearSignal } from "../decision/match-signals.js";
import type { Bank } from "../decision/policy.js";
import type { QueryFrame, QueryVideo } from "../decision/query-video.js";
import { matchVideos } from "../decision/video-matches.js";
import { isSampled } from "../decision/sampling.js";
import { stillTypes } from "../storage/signals.js";
import { wantedOrientations, type SearchedUpload } from "./find-videos.js";

/** A frame, or what is left of it without its surroundings, in one orientation. */
interface FrameForm {
  hash: Uint8Array;
  orientation: Orientation;
  quality: number;
  at: FramePlace;
}

/** How many hashes are looked up at once. */
const atOnce = 4096;

/** Yields the frames that differ from the one before, in the orientations that are wanted. */
function* formsOfFrames(
  frames: readonly SignatureFrame[],
  orientations: readonly Orientation[],
  minQuality: number,
): Generator<FrameForm> {
  const formsOf = function* (
    { hash, quality, stable, orientations: others }: Hashed,
    at: FramePlace,
  ): Generator<FrameForm> {
    if (!stable || quality < minQuality) return;
    for (const orientation of orientations) {
      const text = orientation === "orig" ? hash : others?.[orientation];
      if (text !== undefined) yield { hash: hashToBytes(text), orientation, quality, at };
    }
  };
  let last: string | undefined;
  for (const frame of frames) {
    const { hash, trimmed } = frame;
    const timestampSeconds = Math.max(0, frame.timestampSeconds);
    // The frames of a still scene often have one hash.
    const hashes = hash + (trimmed?.hash ?? "");
    if (hashes === last) continue;
    last = hashes;
    yield* formsOf(frame, { timestampSeconds });
    if (trimmed !== undefined) yield* formsOf(trimmed, { timestampSeconds, trimmed: true });
  }
}

interface Hashed {
  hash: string;
  quality: number;
  stable: boolean;
  orientations?: OrientationHashes;
}

interface FoundFrame {
  form: FrameForm;
  near: NearSignal;
}

/** Looks up the frames, and answers those that are near a known image, by frame. */
async function lookUp(
  context: DecisionContext,
  forms: Iterable<FrameForm>,
  radius: number,
  signal: AbortSignal | undefined,
): Promise<Map<FramePlace, FoundFrame[]>> {
  const found = new Map<FramePlace, FoundFrame[]>();
  const search = async (some: readonly FrameForm[]): Promise<void> => {
    const queries = Buffer.concat(some.map(({ hash }) => hash));
    const hits = await context.index.searchMany(queries, { radius, ...(signal && { signal }) }, stillTypes);
    some.forEach((form, i) => {
      const { orientation, quality, at } = form;
      for (const { id, distance } of hits[i]!) {
        const near: NearSignal = { signal: id, kind: "near", distance, orientation, quality, at };
        const others = found.get(at);
        if (others === undefined) found.set(at, [{ form, near }]);
        else others.push({ form, near });
      }
    });
  };
  let some: FrameForm[] = [];
  for (const form of forms) {
    if (some.push(form) < atOnce) continue;
    await search(some);
    some = [];
  }
  if (some.length > 0) await search(some);
  return found;
}

/**
 * Finds the frames that are near known images. Of each entry it keeps the nearest frame that no false alarm suppresses,
 * or else the nearest one together with the false alarm.
 */
export async function findFrames(
  context: DecisionContext,
  banks: ReadonlyMap<number, Bank>,
  { watched, key, time, signal }: SearchedUpload,
  video: QueryVideo,
): Promise<QueryFrame[]> {
  const searched = [...banks.values()].filter(({ policy }) => isSampled(policy, key));
  if (searched.length === 0 || !context.read(({ hasImages }) => hasImages)) return [];
  const radius = Math.max(...searched.map(({ policy }) => policy.radius));
  const minQuality = Math.min(...searched.map(({ policy }) => policy.minQuality));
  const forms = formsOfFrames(watched.signature.frames, wantedOrientations(searched), minQuality);
  const found = await lookUp(context, forms, radius, signal);
  if (found.size === 0) return [];
  return context.read((snapshot) => {
    const counted = entryCounter(snapshot, key, time);
    const alarms = matchVideos(snapshot, video, counted).filter(suppresses);
    const best = new Map<number, { match: DecisionMatch; frames: QueryFrame[] }>();
    for (const frames of found.values()) {
      const near = frames.map((one) => one.near);
      const matches = matchSignals(snapshot, near, counted).sort((a, b) => a.distance - b.distance);
      const negatives = [...alarms, ...matches.filter(suppresses)].sort((a, b) => a.distance - b.distance);
      for (const one of matches) {
        const by = suppressorOf(one, negatives);
        const match = { ...one, suppressed: by !== undefined };
        const other = best.get(match.entryNumber);
        if (other !== undefined && !isBetter(match, other.match)) continue;
        const kept = by === undefined || by.timestampSeconds === undefined ? [match] : [match, by];
        best.set(match.entryNumber, { match, frames: kept.map((kind) => queryFrame(frames, kind)) });
      }
    }
    return unique([...best.values()].flatMap((one) => one.frames));
  });
}

const isBetter = (match: DecisionMatch, other: DecisionMatch): boolean =>
  (Number(match.suppressed) - Number(other.suppressed) || match.distance - other.distance) < 0;

/** Returns the frame that a match was found by. */
function queryFrame(found: readonly FoundFrame[], { signal, orientation }: DecisionMatch): QueryFrame {
  const { form } = found.find(({ near }) => near.signal === signal && near.orientation === orientation)!;
  const hash = Buffer.from(form.hash).toString("hex");
  return { signal, hash, quality: form.quality, orientation, ...form.at };
}

/** A false alarm may suppress several entries at one frame. */
function unique(frames: readonly QueryFrame[]): QueryFrame[] {
  return [...new Map(frames.map((frame) => [JSON.stringify(frame), frame])).values()];
}
