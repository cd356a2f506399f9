import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFfmpeg, hashVideo, VideoIndex, type VideoSignature } from "../../doors/video.js";
import { type CopyLevel, digestFile } from "../../index.js";
import { each } from "../run/each.js";
import { Random } from "../random.js";
import { keyOf, type Row, type State } from "../run/state.js";
import { type ClipEdit, editsVersion } from "./edits.js";
import { encodeEdit } from "./encode.js";

/** A listed video with its signature of one frame each second. */
export interface KnownClip {
  name: string;
  path: string;
  digest: string;
  signature: VideoSignature;
  width: number;
  height: number;
}

/** The videos of the folder, and the rows that were measured. */
export interface Clips {
  level: CopyLevel;
  clips: KnownClip[];
  unreadable: { name: string; reason: string }[];
  duplicates: { name: string; of: string }[];
  failed: { name: string; reason: string }[];
  /** The version of ffmpeg; undefined if none was needed or found. */
  ffmpeg: string | undefined;
  rows: { edit: ClipEdit; row: Row }[];
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface Options {
  seed: string | number;
  /** The level of the search. */
  level: CopyLevel;
  concurrency: number;
  signal: AbortSignal | undefined;
  onClip: (done: number, total: number) => void;
}

/** Computes the signatures of the videos, with one frame each second, as lists have them. */
async function read(files: readonly { name: string; path: string }[], { level, signal }: Options): Promise<Clips> {
  const found: Clips = { level, clips: [], unreadable: [], duplicates: [], failed: [], ffmpeg: undefined, rows: [] };
  if (files.length === 0) return found;
  found.ffmpeg = (await findFfmpeg(signal === undefined ? {} : { signal }))?.version;
  for (const { name, path } of files) {
    signal?.throwIfAborted();
    try {
      const digest = (await digestFile(path, { digests: ["sha256"] })).sha256!;
      const before = found.clips.find((clip) => clip.digest === digest);
      if (before !== undefined) {
        found.duplicates.push({ name, of: before.name });
        continue;
      }
      const signature = await hashVideo(path, { sampling: { fps: 1 }, ...(signal && { signal }) });
      found.clips.push({ name, path, digest, signature, width: signature.width, height: signature.height });
    } catch (error) {
      signal?.throwIfAborted();
      found.unreadable.push({ name, reason: message(error) });
    }
  }
  return found;
}

/** Encodes every edit of every clip and searches for it with all frames. The edited clip is removed at once. */
export async function evaluateClips(
  files: readonly { name: string; path: string }[],
  edits: readonly ClipEdit[],
  state: State,
  options: Options,
): Promise<Clips> {
  const found = await read(files, options);
  const { seed, level, concurrency, signal, onClip } = options;
  const { clips } = found;
  const list = createHash("sha256");
  for (const { name, digest } of clips) list.update(`${name}\u0000${digest}\n`);
  const method = `video ${editsVersion} ${level} ${list.digest("hex").slice(0, 16)}`;
  const todo = clips.flatMap((clip) => edits.map((edit) => ({ clip, edit, name: `${edit.name}/${clip.name}` })));
  const folder = await mkdtemp(join(tmpdir(), "empreinte-evaluate-"));
  using index = new VideoIndex({ memory: "rows" });
  clips.forEach(({ signature }, i) => index.add(i, signature));
  let done = 0;
  try {
    await each(todo, concurrency, async ({ clip, edit, name }, i) => {
      signal?.throwIfAborted();
      if (!state.rows.has(keyOf(name, method))) {
        const out = join(folder, `${i}.mp4`);
        try {
          const about = {
            seconds: clip.signature.durationSeconds,
            width: clip.width,
            height: clip.height,
            frameRate: clip.signature.frameRate,
          };
          await encodeEdit(clip.path, out, edit.recipe(about, new Random(seed, edit.name, clip.digest)), signal);
          const start = performance.now();
          const { matches, signature: query } = await index.searchVideo(out, { level, ...(signal && { signal }) });
          const own = matches.find(({ id }) => id === clips.indexOf(clip));
          const others = matches.length - (own === undefined ? 0 : 1);
          const ms = Math.round(performance.now() - start);
          const row: Row = {
            q: name,
            m: method,
            d: null,
            u: 1,
            w: [],
            f: [[0, others, 0]],
            h: query.frames.length,
            ms,
          };
          state.add(own === undefined ? row : { ...row, d: Math.round(own.distance), c: own.queryShare });
        } catch (error) {
          signal?.throwIfAborted();
          found.failed.push({ name, reason: message(error) });
        } finally {
          await rm(out, { force: true });
        }
      }
      onClip(++done, todo.length);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const { edit, name } of todo) {
    const row = state.rows.get(keyOf(name, method));
    if (row !== undefined) found.rows.push({ edit, row });
  }
  return found;
}
