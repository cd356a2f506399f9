// Loads a generated list of a million lines `<hash>,<metadata>` with HashList, beside what one would write without it:
// node:readline over the same file, the hash decoded by Buffer, the metadata kept as strings. Each in a process of its
// own, so that the memory of one is not counted for the other.
//
//   node benchmarks/lists.mjs [--lines 1000000] [--seed 1]
import { fork } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { parseArgs } from "node:util";

/** A small generator of known quality (xorshift32), so that a seed names the same list everywhere. */
function random(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}

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

const loaders = {
  async empreinte(path) {
    const { HashList } = await import("../dist/index.js");
    const known = await HashList.load(path);
    return [known, known.size];
  },
  async readline(path) {
    const hashes = [];
    const metadata = [];
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const comma = line.indexOf(",");
      hashes.push(Buffer.from(line.slice(0, comma), "hex"));
      metadata.push(line.slice(comma + 1));
    }
    return [{ hashes, metadata }, hashes.length];
  },
};

async function measure(name, path) {
  const child = fork(new URL(import.meta.url), [], { env: { ...process.env, LOADER: name, LIST: path } });
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
}

async function child(name, path) {
  const start = performance.now();
  const [kept, entries] = await loaders[name](path);
  const seconds = (performance.now() - start) / 1000;
  const { maxRSS } = process.resourceUsage();
  process.send({ seconds, entries, peakMiB: maxRSS / 1024, kept: kept !== undefined });
}

async function main() {
  const { values } = parseArgs({ options: { lines: { type: "string" }, seed: { type: "string" } } });
  const lines = Number(values.lines ?? 1_000_000);
  const seed = Number(values.seed ?? 1);
  const folder = await mkdtemp(join(tmpdir(), "empreinte-lists-"));
  try {
    const path = join(folder, "list.csv");
    await writeList(path, lines, seed);
    const mib = (await stat(path)).size / 2 ** 20;
    console.log(`machine   ${cpus()[0]?.model ?? process.arch}, Node ${process.version}`);
    console.log(`list      N = ${lines} lines of <hash>,<metadata>, ${mib.toFixed(1)} MiB, seed ${seed}`);
    const results = {};
    for (const name of Object.keys(loaders)) {
      const r = (results[name] = await measure(name, path));
      if (r.entries !== lines) throw new Error(`${name} read ${r.entries} of ${lines} lines`);
      const rate = Math.round(lines / r.seconds).toLocaleString("en");
      console.log(
        `${name.padEnd(9)} ${r.seconds.toFixed(2)} s, ${rate} lines a second, peak ${r.peakMiB.toFixed(0)} MiB`,
      );
    }
    const { empreinte, readline } = results;
    const faster = (readline.seconds / empreinte.seconds).toFixed(1);
    const smaller = (readline.peakMiB / empreinte.peakMiB).toFixed(1);
    console.log(`ratio     readline takes ${faster} times as long and ${smaller} times the memory, without an index`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.env.LOADER) await child(process.env.LOADER, process.env.LIST);
else await main();
