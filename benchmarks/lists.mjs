// Loads a generated list of a million lines `<hash>,<metadata>` with HashList, beside what one would write without it:
// node:readline over the same file, the hash decoded by Buffer, the metadata kept as strings. Each in a process of its
// own, so that the memory of one is not counted for the other.
//
//   node benchmarks/lists.mjs [--lines 1000000] [--runs 3] [--seed 1] [--json]
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { answer, count, inOwnProcess, jobOf, median, once, random, Report, settings } from "./lib.mjs";

async function writeList(path, lines, seed) {
  const next = random(seed);
  const out = createWriteStream(path);
  const hash = new Uint32Array(8);
  let block = "";
  for (let i = 0; i < lines; i++) {
    for (let k = 0; k < 8; k++) hash[k] = next();
    block += `${Buffer.from(hash.buffer).toString("hex")},case ${next() % 1_000_000}\n`;
    if (block.length > 1 << 20) {
      if (!out.write(block)) await new Promise((resolve) => out.once("drain", resolve));
      block = "";
    }
  }
  out.end(block);
  await finished(out);
}

/** Each returns what it keeps in memory and how many entries it has read. */
const loaders = {
  async empreinte(path) {
    const { HashList } = await import("../dist/index.js");
    const list = await HashList.load(path);
    return { kept: list, entries: list.size };
  },
  async readline(path) {
    const hashes = [];
    const metadata = [];
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const comma = line.indexOf(",");
      hashes.push(Buffer.from(line.slice(0, comma), "hex"));
      metadata.push(line.slice(comma + 1));
    }
    return { kept: { hashes, metadata }, entries: hashes.length };
  },
};

async function measure({ loader, path }) {
  const { result, milliseconds } = await once(() => loaders[loader](path));
  answer({ seconds: milliseconds / 1000, entries: result.entries, kept: result.kept !== undefined });
}

async function main() {
  const given = settings({ lines: 1_000_000, runs: 3, seed: 1 });
  const { lines, runs, seed } = given;
  const folder = await mkdtemp(join(tmpdir(), "empreinte-lists-"));
  try {
    const path = join(folder, "list.csv");
    await writeList(path, lines, seed);
    const mebibytes = Math.round((await stat(path)).size / 2 ** 20);
    const report = new Report("lists", given, { lines, MiB: mebibytes, seed });
    const measured = Object.fromEntries(Object.keys(loaders).map((loader) => [loader, []]));
    for (let run = 0; run < runs; run++) {
      for (const loader of Object.keys(loaders)) {
        const one = await inOwnProcess(import.meta.url, { loader, path });
        if (one.entries !== lines) throw new Error(`${loader} read ${one.entries} of ${lines} lines`);
        measured[loader].push(one);
      }
    }
    const of = (loader, figure) => median(measured[loader].map((one) => one[figure]));
    for (const loader of Object.keys(loaders)) {
      const [seconds, peakMiB] = [of(loader, "seconds"), of(loader, "peakMiB")];
      const rate = `${count(lines / seconds)} lines a second, peak ${peakMiB.toFixed(0)} MiB`;
      report.result(loader, { seconds, peakMiB }, `${loader.padEnd(9)} ${seconds.toFixed(2)} s, ${rate}`);
    }
    const slower = of("readline", "seconds") / of("empreinte", "seconds");
    const larger = of("readline", "peakMiB") / of("empreinte", "peakMiB");
    const said = `readline takes ${slower.toFixed(1)} times as long and ${larger.toFixed(1)} times the memory, without an index`;
    report.result("ratio", { seconds: slower, peakMiB: larger }, `ratio     ${said}`);
    report.end();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const job = await jobOf();
if (job === undefined) await main();
else await measure(job);
