// What one JPEG costs by stage, from the file to the answer of an index of a million hashes. Part of image.mjs.
import { readFile } from "node:fs/promises";
import { compare, milliseconds, randomBytes } from "./lib.mjs";

const entries = 1_000_000;

/** The stages of `hashImage`, each on what the one before it gave, and then the searches. */
async function worksOf(path) {
  const [main, pages, header, checks, source] = await Promise.all(
    ["index", "image/decode/pages", "image/decode/jpeg-header", "image/checks/index", "image/input/source"].map(
      (module) => import(`../dist/${module}.js`),
    ),
  );
  const { signal } = new AbortController();
  const limits = { ...main.defaultLimits, isolation: "none" };
  const image = { bytes: await readFile(path), format: "jpeg", name: path, limits, signal };
  const decoded = async () => {
    for await (const page of pages.decodePages(image, false)) return page;
  };
  const { data, width, height, channels } = await decoded();
  const pixels = { data, width, height, channels };
  const { hash } = main.hashPixelsSync(pixels);
  const index = new main.HashIndex();
  await index.addMany(
    Float64Array.from({ length: entries }, (_, i) => i),
    randomBytes(32 * entries, 1),
  );
  await index.optimize();
  const works = {
    read: async () => void (await source.readInput(path, { name: path, limits }, signal)),
    sniff: () => void main.sniffImage(image.bytes),
    header: async () => {
      await checks.checkImage(image, false);
      header.jpegHeader(image);
    },
    decode: async () => void (await decoded()),
    hash: () => void main.hashPixelsSync(pixels),
    "look-up": () => void index.searchSync(hash, { radius: 31 }),
    hashImage: async () => void (await main.hashImage(path)),
    "searchImage, fast": async () => void (await index.searchImage(path, { radius: 31, level: "fast" })),
    "searchImage, standard": async () => void (await index.searchImage(path, { radius: 31, level: "standard" })),
  };
  return { works, close: () => index.close() };
}

/** Reports the medians, and what of `hashImage` no stage has: JavaScript, promises and threads. */
export async function reportStages(report, path, turns) {
  const { works, close } = await worksOf(path);
  const compared = await compare(works, { turns, iterations: 5 });
  close();
  report.say("\nA JPEG of 1024×768 by stage, and in an index of a million hashes");
  for (const [name, { median }] of Object.entries(compared)) {
    report.result(`stage ${name}`, { milliseconds: median }, `  ${name.padEnd(22)} ${milliseconds(median)}`);
  }
  const stages = ["read", "sniff", "header", "decode", "hash"].reduce((sum, name) => sum + compared[name].median, 0);
  const rest = compared.hashImage.median - stages;
  report.result("stage rest", { milliseconds: rest }, `  ${"rest of hashImage".padEnd(22)} ${milliseconds(rest)}`);
}
