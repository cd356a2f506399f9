/** The videos of a store as a search of `src/video-index` sees them. */
import type { DecisionContext } from "../decision/context.js";
import type { LiveSnapshot } from "../decision/snapshot.js";
import { frameType } from "../storage/signals.js";
import type { Entry } from "../../video-index/entries.js";
import type { FrameIndex, SearchContext } from "../../video-index/probe-hits.js";
import type { CheckedVideoSearch } from "../../video-index/search-options.js";
import { signatureOfFrames } from "../../video-index/signature-from-vpdq.js";
import { inOrder, timelineOf } from "../../video-index/timeline.js";

/** A video of an entry. */
export interface KnownVideo {
  entry: Entry;
  /** The signal of each hash of the timeline. */
  signals: readonly number[];
}

interface KnownHit {
  video: KnownVideo;
  frame: number;
}

/**
 * Looks frames up in the live index, and reads the timelines of the entries that they hit, each once. So a store needs
 * no timelines in memory, and a video that is withdrawn has none left anywhere. What changes while a search runs is
 * checked when its result is decided about.
 */
export class KnownVideos implements FrameIndex {
  /** The signals that were hit; undefined for one that no timeline has. */
  readonly #hits = new Map<number, KnownHit | undefined>();
  /** The videos that were hit, by the numbers of their entries. */
  readonly #videos = new Map<number, Map<number, KnownHit>>();
  readonly #context: DecisionContext;
  readonly #minQuality: number;
  readonly #counts: (entry: number, snapshot: LiveSnapshot) => boolean;

  /**
   * @param minQuality the least quality of known frames.
   * @param counts whether an entry is searched.
   */
  constructor(
    context: DecisionContext,
    minQuality: number,
    counts: (entry: number, snapshot: LiveSnapshot) => boolean,
  ) {
    this.#context = context;
    this.#minQuality = minQuality;
    this.#counts = counts;
  }

  async searchMany(...[queries, options]: Parameters<FrameIndex["searchMany"]>): ReturnType<FrameIndex["searchMany"]> {
    if (queries.length === 0) return [];
    const found = await this.#context.index.searchMany(queries, options, [frameType]);
    const fresh = new Set(found.flatMap((hits) => hits.map(({ id }) => id)).filter((id) => !this.#hits.has(id)));
    if (fresh.size > 0) {
      this.#context.read((snapshot) => fresh.forEach((id) => this.#hits.set(id, this.#hitOf(snapshot, id))));
    }
    return found.map((hits) => hits.filter(({ id }) => this.#hits.get(id) !== undefined));
  }

  /** Returns what a search needs. Its matches have the numbers of entries as ids. */
  searchContext(options: CheckedVideoSearch): SearchContext {
    return {
      index: this,
      entryOf: (id) => this.#hits.get(id)?.video.entry,
      frameOf: (id) => this.#hits.get(id)!.frame,
      options,
    };
  }

  /** Returns a video that was found, by the number of its entry. */
  video(entry: number): KnownVideo {
    const [hit] = this.#videos.get(entry)!.values();
    return hit!.video;
  }

  #hitOf(snapshot: LiveSnapshot, id: number): KnownHit | undefined {
    const record = snapshot.signal(id);
    if (record === undefined) return undefined;
    let hits = this.#videos.get(record.entry);
    if (hits === undefined) {
      hits = this.#counts(record.entry, snapshot) ? this.#read(snapshot, record.entry) : new Map();
      this.#videos.set(record.entry, hits);
    }
    return hits.get(id);
  }

  /** Reads a video, and returns the hits that its signals would be. */
  #read(snapshot: LiveSnapshot, number: number): Map<number, KnownHit> {
    const frames = inOrder(snapshot.frames(number));
    if (frames.length === 0) return new Map();
    // Weak frames are part of the video's time, but nothing is compared with them.
    const signature = signatureOfFrames(frames);
    signature.frames.forEach((frame, i) => {
      if (frames[i]!.weak) frame.stable = false;
    });
    const timeline = timelineOf(signature, this.#minQuality, undefined);
    const signals = Array.from(timeline.frames, (place) => frames[place]!.signal);
    const video: KnownVideo = { entry: { id: number, kind: "video", timeline }, signals };
    return new Map(signals.map((signal, frame) => [signal, { video, frame }]));
  }
}
