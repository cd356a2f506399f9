// What is found of videos after editing: `npm run bench:video-recall`. Clips of ../shared where it is there and twelve
// generated ones, each edited in twelve ways by ffmpeg; the same in bars, cropped and turned; and unrelated videos
// behind the same leaders. For each way of sampling the list and the query: the share found, the share whose segment is
// right to within half a second on all four ends, and how many of the query's frames were looked up in the index.
//
//   node benchmarks/video-recall.mjs [--keep FOLDER] [--clips N]
//
// --keep leaves the encoded clips in a folder for the next run.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findFfmpeg, hashVideo, VideoIndex } from "../dist/doors/video.js";
import { HashIndex } from "../dist/index.js";
import { edited, edits } from "./video-recall/edits.mjs";
import { reframed } from "./video-recall/reframed.mjs";
import { clip, ledClip, mixes } from "./video-recall/scenes.mjs";

const { values } = parseArgs({ options: { keep: { type: "string" }, clips: { type: "string", default: "12" } } });
const folder = values.keep ?? mkdtempSync(join(tmpdir(), "empreinte-recall-"));
mkdirSync(folder, { recursive: true });

/** A signature of every frame, from which those of other samplings are taken by vPDQ's rule. */
const signature = (path) => hashVideo(path, { sampling: "all" });

const adaptive = (path) => hashVideo(path, { sampling: "adaptive" });

function sampled(all, fps) {
  if (fps === "all") return all;
  const step = Math.max(1, Math.floor(all.frameRate / fps));
  return { ...all, sampling: { fps }, frames: all.frames.filter(({ number }) => number % step === 0) };
}

async function about(path) {
  const all = await signature(path);
  return {
    path,
    all,
    adaptive: await adaptive(path),
    name: basename(path, ".mp4"),
    seconds: all.durationSeconds,
    rate: all.frameRate,
  };
}

let lookedUp = 0;
const { searchMany } = HashIndex.prototype;
HashIndex.prototype.searchMany = function count(hashes, ...rest) {
  lookedUp += hashes.length / 32;
  return searchMany.call(this, hashes, ...rest);
};

const percent = (n, of) => `${((100 * n) / of).toFixed(1)} %`;

async function main() {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg === undefined) throw new Error("this benchmark needs ffmpeg");
  console.log(`ffmpeg ${ffmpeg.version}, node ${process.version}`);
  const shared = fileURLToPath(new URL("../../shared/", import.meta.url));
  const real = ["videos", "vectors/real/videos"].map((name) => join(shared, name)).filter(existsSync);
  const paths = real.flatMap((name) => readdirSync(name).map((file) => join(name, file)));
  for (let seed = 1; seed <= Number(values.clips); seed++) paths.push(await clip(folder, seed));
  const others = [await clip(folder, 50), await clip(folder, 51)];
  const clips = [];
  const cases = [];
  for (const path of paths) {
    const known = await about(path);
    clips.push(known);
    for (const [name, { truth }] of Object.entries(edits)) {
      const file = await edited(folder, name, known, others);
      const query = { all: await signature(file), adaptive: await adaptive(file) };
      cases.push({ clip: known.name, name, query, truth: truth(known) });
    }
    process.stderr.write(`\r${clips.length} of ${paths.length} clips`);
  }
  process.stderr.write("\n");
  console.log(`${clips.length} clips, ${cases.length} edited ones, ${Object.keys(edits).length} edits`);

  for (const [list, query, lookUp] of [
    [1, 1, "all"],
    [1, "all", "all"],
    [1, "all", "adaptive"],
    ["all", "all", "adaptive"],
    ["adaptive", "adaptive", "adaptive"],
  ]) {
    const index = new VideoIndex();
    for (const { name, all, adaptive: runs } of clips) index.add(name, list === "adaptive" ? runs : sampled(all, list));
    const rows = new Map();
    let [frames, found, right, ms] = [0, 0, 0, 0];
    lookedUp = 0;
    for (const each of cases) {
      const row = rows.get(each.name) ?? { found: 0, right: 0, all: 0 };
      rows.set(each.name, row);
      const requested = query === "adaptive" ? each.query.adaptive : sampled(each.query.all, query);
      frames += requested.frames.length;
      const start = performance.now();
      const matches = await index.search(requested, { lookUp });
      ms += performance.now() - start;
      const match = matches.find(({ id }) => id === each.clip);
      const good = match?.segments.some((s) =>
        [s.queryFrom, s.queryTo, s.knownFrom, s.knownTo].every((end, i) => Math.abs(end - each.truth[i]) <= 0.5),
      );
      row.all++;
      if (match) row.found++;
      if (good) row.right++;
      if (match) found++;
      if (good) right++;
    }
    console.log(`\nsampling of the list: ${list}, of the query: ${query}; looked up: ${lookUp}`);
    for (const [name, row] of rows) {
      console.log(
        `  ${name.padEnd(20)} found ${percent(row.found, row.all).padStart(7)}  right ${percent(row.right, row.all).padStart(7)}`,
      );
    }
    console.log(
      `  all: found ${percent(found, cases.length)}, right ${percent(right, cases.length)}; ${lookedUp} of ${frames} frames looked up (${percent(lookedUp, frames)}), ${(ms / cases.length).toFixed(1)} ms a query`,
    );
  }
  await reframed(folder, clips);
  await unrelated();
}

async function unrelated() {
  const videos = [];
  for (const [i, mix] of mixes.entries()) {
    videos.push({ name: `${i}: ${mix.join(", ")}`, all: await signature(await ledClip(folder, 200 + i, mix)) });
  }
  for (const list of [1, "all"]) {
    let pairs = 0;
    let matched = 0;
    for (const known of videos) {
      const index = new VideoIndex();
      index.add(known.name, sampled(known.all, list));
      for (const query of videos) {
        if (query === known) continue;
        pairs++;
        if ((await index.search(query.all)).length > 0) {
          matched++;
          console.log(`  matched: ${known.name} and ${query.name}`);
        }
      }
    }
    console.log(`\nunrelated videos with the same leaders, list ${list}: ${matched} of ${pairs} ordered pairs matched`);
  }
}

try {
  await main();
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
