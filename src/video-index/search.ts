import { align } from "../search/align.js";
import { type Entry, slotOf } from "./entries.js";
import type { OrientedImage, OrientedVideo } from "./oriented-queries.js";
import { type EntryHits, ProbeHits, type SearchContext, signalOption } from "./probe-hits.js";
import { Probes } from "./probes.js";
import { imageInVideoMatch, imageMatch, imageStretches, sortMatches, type VideoMatch, videoMatch } from "./results.js";

/** How many videos are aligned with one query: those that its probes hit most. */
const mostCandidates = 256;

/** Searches one form of a query video. `frameCount` is the number of frames in its signature. */
async function searchTimeline(
  { timeline: query, orientation }: OrientedVideo,
  frameCount: number,
  context: SearchContext,
): Promise<VideoMatch[]> {
  const { options } = context;
  const probes = new Probes(query, frameCount);
  const hits = new ProbeHits(query, context);
  let runs = options.lookUp === "all" ? probes.all() : probes.first();
  while (runs.length > 0) {
    await hits.lookUp(probes, runs);
    runs = options.lookUp === "all" ? [] : probes.next();
  }
  hits.spreadWeights(probes.taken);

  const matches: VideoMatch[] = [];
  const videos: [Entry, EntryHits][] = [];
  for (const [entry, found] of hits.entries) {
    if (entry.kind === "video") {
      videos.push([entry, found]);
      continue;
    }
    const stretches = imageStretches(entry.timeline.hashes, query, options.radius);
    if (stretches.length > 0) matches.push(imageInVideoMatch(entry.id, orientation, stretches, query.duration));
  }
  const likely = videos.toSorted(([, a], [, b]) => b.weight - a.weight).slice(0, mostCandidates);
  const candidates = likely.map(([{ timeline }, { places }]) => ({ timeline, places: Uint32Array.from(places) }));
  const aligned = await align(query, candidates, {
    ...options,
    weights: hits.weights,
    partialWeights: query.partialWeights,
  });
  aligned.forEach((segments, i) => {
    if (segments.length === 0) return;
    const { id, timeline } = likely[i]![0];
    matches.push(videoMatch(id, orientation, segments, query.duration, timeline.duration));
  });
  return matches;
}

/** Searches the frames that were hashed through views. Each segment and match says through which view it was found. */
async function searchViews(
  video: OrientedVideo & Required<Pick<OrientedVideo, "views">>,
  frameCount: number,
  context: SearchContext,
): Promise<VideoMatch[]> {
  const { radius, supportRadius, of } = video.views;
  const options = { ...context.options, radius, supportRadius };
  const found = await searchTimeline(video, frameCount, { ...context, options });
  return found.map((match) => {
    const segments = match.segments.map((segment) => ({ ...segment, ...of(segment) }));
    const { view, region, orientation } = segments.find(({ distance }) => distance === match.distance)!;
    return { ...match, orientation, view, region, segments };
  });
}

/** Returns each entry once, with its best match. */
function bestOfEach(matches: VideoMatch[]): VideoMatch[] {
  const best = new Map<VideoMatch["id"], VideoMatch>();
  for (const match of sortMatches(matches)) if (!best.has(match.id)) best.set(match.id, match);
  return [...best.values()];
}

/** Searches the forms of a query video. Each entry matches once, by the form that covers most of it. */
export async function searchVideos(
  videos: readonly OrientedVideo[],
  frameCount: number,
  context: SearchContext,
): Promise<VideoMatch[]> {
  // All at once, so that the threads of the pool need not wait for the last probe of each form.
  const found = await Promise.all(
    videos.map(async (video): Promise<VideoMatch[]> => {
      if (video.views !== undefined) return searchViews({ ...video, views: video.views }, frameCount, context);
      const matches = await searchTimeline(video, frameCount, context);
      return video.trimmed ? matches.map((match) => ({ ...match, trimmed: true as const })) : matches;
    }),
  );
  return bestOfEach(found.flat());
}

/** Searches the orientations of a query image. Each entry matches once, with the stretches that show the image. */
export async function searchImages(images: readonly OrientedImage[], context: SearchContext): Promise<VideoMatch[]> {
  const { index, entryOf, options } = context;
  const matches: VideoMatch[] = [];
  for (const { orientation, hash } of images) {
    const [hits = []] = await index.searchMany(hash, { radius: options.radius, ...signalOption(options) });
    const entries = new Set<Entry>();
    for (const { id } of hits) {
      const entry = entryOf(id);
      if (entry !== undefined) entries.add(entry);
    }
    for (const entry of entries) {
      matches.push(imageMatch(entry, orientation, imageStretches(hash, entry.timeline, options.radius)));
    }
  }
  return bestOfEach(matches);
}

/** Finds the entry of a hit among those that existed when the search began. */
export function entryFinder(slots: ReadonlyMap<number, Entry>, before: number): (id: number) => Entry | undefined {
  return (id) => {
    const slot = slotOf(id);
    return slot < before ? slots.get(slot) : undefined;
  };
}
