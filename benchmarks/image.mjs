// Hashing image files from end to end (read, decode, hash) over generated JPEGs:
//   - files a second at concurrency 1, 2 and 4, also in decoder processes, beside sharp's own decode to raw samples of
//     the same files
//   - what one file costs by stage
//   - the peak of memory with ten times as many small files
//   - 12-megapixel JPEGs beside sharp's raw decode of them
// Each measurement of memory in a process of its own.
//
//   node benchmarks/image.mjs [--files 300] [--small 10000] [--runs 5] [--seed 1] [--json]
import { link, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { reportStages } from "./image-stages.mjs";
import { answer, compare, inOwnProcess, jobOf, once, random, Report, settings } from "./lib.mjs";

/** A number below 1 from a generator of whole ones. */
const uniform = (next) => next() / 2 ** 32;

/** sharp's own decode of a file to raw samples, the peer. */
async function decodeRaw(path) {
  await sharp(await readFile(path), { ignoreIcc: true })
    .raw()
    .toBuffer();
}

/** Something like a photograph: 24×18 random colours enlarged smoothly, and a little noise. */
async function writeJpeg(path, width, height, next) {
  const [w, h] = [24, 18];
  const colours = Uint8Array.from({ length: 3 * w * h }, () => 256 * uniform(next));
  const smooth = await sharp(colours, { raw: { width: w, height: h, channels: 3 } })
    .resize(width, height, { kernel: "cubic", fit: "fill" })
    .raw()
    .toBuffer();
  for (let i = 0; i < smooth.length; i++) smooth[i] = Math.max(0, Math.min(255, smooth[i] + 12 * uniform(next) - 6));
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

/** Hashes the files, and returns how many. */
async function hashed(paths, options) {
  const { hashImages } = await import("../dist/index.js");
  let done = 0;
  for await (const { error } of hashImages(paths, options)) {
    if (error) throw error;
    done++;
  }
  return done;
}

/** Each hashes or decodes the files and returns how many. */
const works = {
  empreinte: (paths, concurrency) => hashed(paths, { concurrency }),
  isolated: (paths, concurrency) => hashed(paths, { concurrency, isolation: "process" }),
  async sharp(paths, concurrency) {
    const rest = paths.values();
    let done = 0;
    const work = async () => {
      for (const path of rest) {
        await decodeRaw(path);
        done++;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    return done;
  },
};

async function measure({ work, paths, concurrency }) {
  // Loading the package and its first use are not counted.
  await works[work](paths.slice(0, 4), concurrency);
  const { result: done, milliseconds } = await once(() => works[work](paths, concurrency));
  answer({ done, seconds: milliseconds / 1000 });
}

/** Large images: the fast method alone is not sure of one in ten or so, and a single image would say little. */
const images = 5;

const fellBack = 3;
/** Which method the core used, which the public result does not say. */
async function methodUsed(path) {
  const { native } = await import("../dist/native/load.js");
  const { data, info } = await sharp(path, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return native.hashSync({ data, width, height, channels, stride: width * channels }).methodUsed;
}

async function main() {
  const given = settings({ files: 300, small: 10_000, runs: 5, seed: 1 });
  const { files, small, runs, seed } = given;
  const { diagnose, hashImage } = await import("../dist/index.js");
  const { kernel } = await diagnose();
  const { sharp: sharpVersion, vips } = sharp.versions;
  const report = new Report("images", given, { kernel, sharp: sharpVersion, libvips: vips, seed });
  const own = (job) => inOwnProcess(import.meta.url, job);
  const folder = await mkdtemp(join(tmpdir(), "empreinte-bench-"));
  try {
    const next = random(seed);
    const medium = await writeFiles(folder, "medium", files, Math.min(files, 50), 1024, 768, next);
    report.say(`\n${files} JPEGs of 1024×768, files a second:`);
    report.say("concurrency   empreinte   in processes   sharp raw decode   ratio of times   cost of processes");
    for (const concurrency of [1, 2, 4]) {
      const ours = await own({ work: "empreinte", paths: medium, concurrency });
      const isolated = await own({ work: "isolated", paths: medium, concurrency });
      const peer = await own({ work: "sharp", paths: medium, concurrency });
      const rate = (one) => one.done / one.seconds;
      const ratio = ours.seconds / peer.seconds;
      const cells = [
        `${concurrency}`.padStart(11),
        rate(ours).toFixed(0).padStart(11),
        rate(isolated).toFixed(0).padStart(14),
        rate(peer).toFixed(0).padStart(18),
        ratio.toFixed(2).padStart(16),
      ];
      const isolationCost = isolated.seconds / ours.seconds - 1;
      const figures = {
        concurrency,
        filesPerSecond: rate(ours),
        isolatedFilesPerSecond: rate(isolated),
        peerFilesPerSecond: rate(peer),
        ratio,
        isolationCost,
      };
      report.result("files", figures, [...cells, `${(100 * isolationCost).toFixed(0)} %`.padStart(19)].join(" "));
    }

    await reportStages(report, medium[0], 4 * runs);

    const many = await writeFiles(folder, "small", small, Math.min(small, 100), 320, 240, next);
    report.say("\nPeak memory (RSS) at concurrency 4, JPEGs of 320×240:");
    for (const part of [small / 10, small]) {
      const one = await own({ work: "empreinte", paths: many.slice(0, part), concurrency: 4 });
      const rate = (one.done / one.seconds).toFixed(0);
      report.result("memory", one, `${one.done} files: ${one.peakMiB.toFixed(0)} MiB, ${rate} files a second`);
    }

    const large = [];
    for (let i = 0; i < images; i++) {
      large.push(join(folder, `large-${i}.jpg`));
      await writeJpeg(large[i], 4000, 3000, next);
    }
    let slow = 0;
    for (const path of large) if ((await methodUsed(path)) === fellBack) slow++;
    const each = (work) => async () => {
      for (const path of large) await work(path);
    };
    const compared = await compare(
      {
        empreinte: each((path) => hashImage(path)),
        "empreinte, exact": each((path) => hashImage(path, { method: "exact" })),
        "sharp raw decode": each(decodeRaw),
      },
      { turns: runs },
    );
    report.ratios("A JPEG of 4000×3000 from end to end", compared, { peer: "sharp raw decode", each: images });
    report.result("fell back", { images, slow }, `  ${slow} of ${images} fell back to the exact method`);
    report.end();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const job = await jobOf();
if (job === undefined) await main();
else await measure(job);
