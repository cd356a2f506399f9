// Hashing picture files from end to end (read, decode, hash) over generated JPEGs:
//   - files a second at concurrency 1, 2 and 4, beside sharp's own decode to raw samples of the same files
//   - the peak of memory with ten times as many small files
//   - 12-megapixel JPEGs beside sharp's raw decode of it
// Each measurement of memory in a process of its own.
//
//   node benchmarks/image.mjs [--files 300] [--small 10000] [--runs 5] [--seed 1]
import { fork } from "node:child_process";
import { link, mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";

/** A small generator of known quality (xorshift32), so that a seed names the same pictures everywhere. */
function random(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0) / 2 ** 32;
  };
}

/** Something like a photograph: 24×18 random colours enlarged smoothly, and a little noise. */
async function writeJpeg(path, width, height, next) {
  const [w, h] = [24, 18];
  const colours = Uint8Array.from({ length: 3 * w * h }, () => 256 * next());
  const smooth = await sharp(colours, { raw: { width: w, height: h, channels: 3 } })
    .resize(width, height, { kernel: "cubic", fit: "fill" })
    .raw()
    .toBuffer();
  for (let i = 0; i < smooth.length; i++) smooth[i] = Math.max(0, Math.min(255, smooth[i] + 12 * next() - 6));
  await sharp(smooth, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 88 })
    .toFile(path);
}

/** `count` files in `folder`; only `distinct` of them are drawn, the others are hard links. */
async function writeFiles(folder, name, count, distinct, width, height, next) {
  const paths = [];
  for (let i = 0; i < count; i++) {
    const path = join(folder, `${name}-${i}.jpg`);
    if (i < distinct) await writeJpeg(path, width, height, next);
    else await link(paths[i % distinct], path);
    paths.push(path);
  }
  return paths;
}

/** Each gives how many files it has done. */
const ways = {
  async empreinte(paths, concurrency) {
    const { hashImages } = await import("../dist/index.js");
    let done = 0;
    for await (const { error } of hashImages(paths, { concurrency })) {
      if (error) throw error;
      done++;
    }
    return done;
  },
  async sharp(paths, concurrency) {
    const rest = paths.values();
    let done = 0;
    const work = async () => {
      for (const path of rest) {
        await sharp(await readFile(path), { ignoreIcc: true })
          .raw()
          .toBuffer();
        done++;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    return done;
  },
};

/** In a process of its own. */
async function measure(way, paths, concurrency) {
  const child = fork(new URL(import.meta.url), ["--child"]);
  child.send({ way, paths, concurrency });
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${way} ended with ${code}`)));
  });
}

function serve() {
  process.once("message", async ({ way, paths, concurrency }) => {
    // Loading the package and its first use are not counted.
    await ways[way](paths.slice(0, 4), concurrency);
    const start = performance.now();
    const done = await ways[way](paths, concurrency);
    const seconds = (performance.now() - start) / 1000;
    process.send({ done, seconds, peakMiB: process.resourceUsage().maxRSS / 1024 }, () => process.disconnect());
  });
}

/** Large pictures: one in ten or so is not sure by the fast way alone, and one picture would tell little. */
const pictures = 5;

const fellBack = 3;
/** What the core did, which the public result does not say. */
async function wayTaken(path) {
  const { native } = await import("../dist/native/load.js");
  const { data, info } = await sharp(path, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return native.hashSync({ data, width, height, channels, stride: width * channels }).methodUsed;
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Milliseconds of each, run in turn so that both see the same machine. */
async function alternate(runs, works) {
  const times = works.map(() => []);
  for (let i = -1; i < runs; i++) {
    for (const [k, work] of works.entries()) {
      const start = performance.now();
      await work();
      if (i >= 0) times[k].push(performance.now() - start);
    }
  }
  return times.map(median);
}

async function main() {
  const { values } = parseArgs({
    options: {
      files: { type: "string" },
      small: { type: "string" },
      runs: { type: "string" },
      seed: { type: "string" },
    },
  });
  const files = Number(values.files ?? 300);
  const small = Number(values.small ?? 10_000);
  const runs = Number(values.runs ?? 5);
  const seed = Number(values.seed ?? 1);
  const { diagnose, hashImage } = await import("../dist/index.js");
  const { kernel } = await diagnose({ selfTest: false });
  const { sharp: sharpVersion, vips } = sharp.versions;
  console.log(`${cpus()[0].model}, ${cpus().length} threads, Node ${process.version}, kernel ${kernel}`);
  console.log(`sharp ${sharpVersion}, libvips ${vips}; seed ${seed}`);
  const folder = await mkdtemp(join(tmpdir(), "empreinte-bench-"));
  try {
    const next = random(seed);
    const medium = await writeFiles(folder, "medium", files, Math.min(files, 50), 1024, 768, next);
    console.log(`\n${files} JPEGs of 1024×768, files a second:`);
    console.log("concurrency   empreinte   sharp raw decode   ratio of times");
    for (const concurrency of [1, 2, 4]) {
      const ours = await measure("empreinte", medium, concurrency);
      const peer = await measure("sharp", medium, concurrency);
      const rate = (one) => (one.done / one.seconds).toFixed(0);
      const ratio = (ours.seconds / peer.seconds).toFixed(2);
      console.log(`${concurrency}`.padStart(11), rate(ours).padStart(11), rate(peer).padStart(18), ratio.padStart(16));
    }

    const many = await writeFiles(folder, "small", small, Math.min(small, 100), 320, 240, next);
    console.log("\nPeak memory (RSS) at concurrency 4, JPEGs of 320×240:");
    for (const count of [small / 10, small]) {
      const { done, seconds, peakMiB } = await measure("empreinte", many.slice(0, count), 4);
      console.log(`${done} files: ${peakMiB.toFixed(0)} MiB, ${(done / seconds).toFixed(0)} files a second`);
    }

    const large = [];
    for (let i = 0; i < pictures; i++) {
      large.push(join(folder, `large-${i}.jpg`));
      await writeJpeg(large[i], 4000, 3000, next);
    }
    let taken = 0;
    for (const path of large) if ((await wayTaken(path)) === fellBack) taken++;
    const each = (work) => async () => {
      for (const path of large) await work(path);
    };
    const times = await alternate(runs, [
      each((path) => hashImage(path)),
      each((path) => hashImage(path, { way: "exact" })),
      each(async (path) =>
        sharp(await readFile(path), { ignoreIcc: true })
          .raw()
          .toBuffer(),
      ),
    ]);
    const [ours, exact, peer] = times.map((time) => time / pictures);
    console.log(`\nA JPEG of 4000×3000 from end to end, mean of ${pictures}, median of ${runs} runs:`);
    const line = (name, time) =>
      console.log(`${name} ${time.toFixed(1)} ms, ${(time / peer).toFixed(2)} × sharp's raw decode`);
    line(`empreinte (${taken} of ${pictures} fell back to the exact way)`, ours);
    line("empreinte, exact way alone", exact);
    console.log(`sharp raw decode ${peer.toFixed(1)} ms`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv.includes("--child")) serve();
else await main();
