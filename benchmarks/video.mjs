// What each sampling of a video costs, beside plain ffmpeg decoding the same file to nothing, in one run:
//   - seconds, frames a second and processor time, as a ratio to decoding alone; entries stored for each minute
//   - the most memory of ours and of the decoder, also of a file ten times as long
// Clips are generated: 720p with camera-like noise, or name some of your own.
//
//   node benchmarks/video.mjs [--seconds 20] [--runs 3] [--threads 1] [--noise 6] [FILE …]
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diagnose } from "../dist/index.js";
import { hashVideo } from "../dist/doors/video.js";
import { median } from "./lib.mjs";

const ticksPerSecond = 100;
const program = fileURLToPath(import.meta.url);

/** Processor seconds of ours and of the children that have ended; undefined if there is no /proc. */
function processorSeconds() {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

async function highestMebibytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, "latin1").catch(() => "");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** The most memory that any child of ours has had, looked at now and then. */
function watchChildren() {
  let most = 0;
  const plan = async () => {
    for (const name of await readdir("/proc").catch(() => [])) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => "");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      if (parent === process.pid) most = Math.max(most, await highestMebibytes(name));
    }
  };
  const timer = setInterval(plan, 250);
  return () => (clearInterval(timer), most);
}

function ffmpeg(...args) {
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args]);
  if (status !== 0) throw new Error(`ffmpeg ended with ${status}: ${stderr}`);
}

/** The peer: the same decoder with the same threads, and the frames thrown away. */
function decodeOnly(file, threads) {
  const args = ["-v", "error", "-nostdin", "-threads", `${threads}`, "-i", file, "-map", "0:v:0"];
  return new Promise((resolve, reject) => {
    const child = spawn("ffmpeg", [...args, "-fps_mode", "passthrough", "-f", "null", "-"], { stdio: "ignore" });
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`))));
  });
}

const samplings = [
  ["all", { sampling: "all" }],
  ["adaptive", { sampling: "adaptive" }],
  ["1 a second", { sampling: { fps: 1 } }],
  ["keyframes", { sampling: "keyframes" }],
  ["all, vpdq", { sampling: "all", compat: "vpdq" }],
];

async function measure(work) {
  const [start, before] = [performance.now(), processorSeconds()];
  const result = await work();
  const after = processorSeconds();
  return { seconds: (performance.now() - start) / 1000, processor: after - before, result };
}

async function compare(file, runs, threads) {
  const works = [["decoding alone", () => decodeOnly(file, threads)]];
  for (const [name, options] of samplings) works.push([name, () => hashVideo(file, { ...options, threads })]);
  const all = works.map(() => []);
  // In turn, so that each sees the same machine; the first time does not count.
  for (let i = -1; i < runs; i++) {
    for (const [k, [, work]] of works.entries()) {
      const one = await measure(work);
      if (i >= 0) all[k].push(one);
    }
  }
  const of = (k, what) => median(all[k].map((one) => one[what]));
  const { frameCount, durationSeconds, width, height } = all[1][0].result;
  console.log(`\n${basename(file)}: ${frameCount} frames of ${width}×${height}, ${durationSeconds.toFixed(1)} s`);
  console.log("sampling            seconds  of decoding  frames/s  processor  of decoding  entries/min");
  for (const [k, [name]] of works.entries()) {
    const entries = all[k][0].result?.frames.length;
    const cells = [
      of(k, "seconds").toFixed(2).padStart(8),
      (of(k, "seconds") / of(0, "seconds")).toFixed(2).padStart(12),
      (frameCount / of(k, "seconds")).toFixed(0).padStart(9),
      `${of(k, "processor").toFixed(2)} s`.padStart(10),
      (of(k, "processor") / of(0, "processor")).toFixed(2).padStart(12),
      entries === undefined ? "" : ((60 * entries) / durationSeconds).toFixed(0).padStart(12),
    ];
    console.log(`${name.padEnd(18)} ${cells.join(" ")}`);
  }
  const times = (of(1, "seconds") / of(4, "seconds")).toFixed(1);
  console.log(`keyframes: ${times} times as fast as all frames`);
}

async function memory(file, threads) {
  const stop = watchChildren();
  await hashVideo(file, { sampling: "adaptive", threads });
  const ours = process.resourceUsage().maxRSS / 1024;
  console.log(`ours ${ours.toFixed(0)}, decoder ${stop().toFixed(0)}`);
}

async function main() {
  const options = { type: "string" };
  const { values, positionals } = parseArgs({
    options: { seconds: options, runs: options, threads: options, noise: options, memory: options },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds ?? 20);
  const runs = Number(values.runs ?? 3);
  const threads = Number(values.threads ?? 1);
  const noise = Number(values.noise ?? 6);
  if (values.memory !== undefined) return memory(values.memory, threads);
  const report = await diagnose();
  if (report.ffmpeg === undefined) throw new Error("This benchmark needs ffmpeg");
  console.log(`${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}, kernel ${report.kernel}`);
  console.log(`ffmpeg ${report.ffmpeg.version}, ${threads} decoder thread(s); seed 1`);
  const folder = await mkdtemp(join(tmpdir(), "empreinte-bench-"));
  try {
    const clip = join(folder, `720p-noise-${noise}.mp4`);
    const source = `testsrc2=s=1280x720:r=30:d=${seconds},noise=alls=${noise}:allf=t:all_seed=1`;
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", clip);
    for (const file of positionals.length > 0 ? positionals : [clip]) await compare(file, runs, threads);

    const long = join(folder, "long.mp4");
    ffmpeg("-stream_loop", "9", "-i", clip, "-c", "copy", long);
    console.log("\nMost memory (RSS), MiB:");
    for (const [name, file] of [
      [`${seconds} s`, clip],
      [`${10 * seconds} s`, long],
    ]) {
      // In a process that has done nothing else: one that was large once stays so.
      const { stdout } = spawnSync(process.execPath, [program, "--memory", file, "--threads", threads]);
      console.log(`${name.padEnd(8)} ${stdout}`.trimEnd());
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
