// npm run bench:search [-- --n 1e6,1e7] [--quick] [--data uniform,skewed] [--seed 1] [--peers FOLDER]
//
// The search engine beside its peers, in one run: FAISS through peers.cc where libfaiss-dev is installed, usearch where
// it is (`npm install --no-save --ignore-scripts usearch@2.25.3`, here or in FOLDER), and one streaming read of the
// rows, which is what FAISS Flat built for AVX-512 takes. Debian's FAISS is a plain build: it is printed, but the
// targets mean the better one. Exits with 1 when an answer is not brute force's.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diagnose, HashIndex } from "../../dist/index.js";
import { build, changes } from "./changes.mjs";
import { files } from "./files.mjs";
import { clockName, Peers, printTargets, row, slice, target, us } from "./measure.mjs";
import { batches, checkRecall, nearest, singleQueries } from "./searches.mjs";
import { usearch } from "./usearch.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const { values: given } = parseArgs({
  options: {
    n: { type: "string", default: "1e6,1e7" },
    data: { type: "string", default: "uniform,skewed" },
    seed: { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
    peers: { type: "string", default: fileURLToPath(new URL("../..", import.meta.url)) },
  },
});
const count = 4096;
const quick = given.quick;
const turns = quick ? 1 : 3;

function compile(folder) {
  const compiler = process.env["CXX"] ?? "g++";
  const common = ["-std=c++20", "-O3", "-march=native"];
  const built = (name, ...flags) => {
    const program = join(folder, name);
    execFileSync(compiler, [...common, join(here, `${name}.cc`), "-o", program, ...flags], { stdio: "pipe" });
    return program;
  };
  const generate = built("generate", "-pthread");
  try {
    const peers = built("peers", "-DWITH_FAISS", "-fopenmp", "-lfaiss", "-lblas", "-llapack");
    return { generate, peers };
  } catch {
    return { generate, peers: built("peers") }; // no libfaiss-dev: said below
  }
}

async function measureOne(programs, folder, kernel, n, data) {
  const started = performance.now();
  const name = join(folder, data);
  execFileSync(programs.generate, [data, String(n), String(count), given.seed, name]);
  const generated = ((performance.now() - started) / 1000).toFixed(1);
  const [rows, queries] = [readWhole(`${name}.rows`), readFileSync(`${name}.queries`)];
  console.log(`\nN = ${n.toLocaleString("en")} ${data}, seed ${given.seed} (made in ${generated} s), load ${load()}`);
  const cut = Array.from({ length: count }, (_, i) => new Uint8Array(queries.subarray(32 * i, 32 * i + 32)));
  const noise =
    cut.length > 0 ? Uint8Array.from(rows.subarray(0, 32 * Math.min(n, 100_000)), (b, i) => b ^ (i * 37)) : rows;
  const about = { n, data, rows, queries, count, quick, turns, folder, noise, kernel, HashIndex };
  about.query = (i) => cut[i];
  try {
    about.index = await build(about, "full");
    // Has the rows once more: not while the index is built.
    about.peers = await new Peers(programs.peers, `${name}.rows`, `${name}.queries`).hello();
    await checkRecall({ ...about, sample: n > 2e7 ? 8 : n > 2e6 ? 32 : 128 });
    const t = await singleQueries(about);
    if (n > 2e7) return; // the rest would need more memory than a machine for so many has to spare
    await batches(about, t);
    await nearest(about, t);
    await usearch({ ...about, root: given.peers }, t);
    if (!quick || n <= 2e6) await files(about);
    if (!quick || n <= 2e6) await changes(about);
    about.index.close();
    const lean = await build(about, "lean");
    const leanTime = slice((i) => lean.searchSync(about.query(i), { radius: 31 }), Math.min(count, 512));
    row("lean, radius 31, one query", us(leanTime), us(t.read / leanTime));
    if (n === 1e7) target(`1e+7 ${data}, lean, radius 31: a streaming read / ours`, t.read / leanTime, 60);
    lean.close();
  } finally {
    about.peers?.close();
    for (const part of ["rows", "queries"]) rmSync(`${name}.${part}`, { force: true });
  }
}

/** `readFileSync` stops at 2 GiB. */
function readWhole(path) {
  const bytes = new Uint8Array(statSync(path).size);
  const file = openSync(path);
  for (let at = 0; at < bytes.length;) at += readSync(file, bytes, at, Math.min(2 ** 30, bytes.length - at), at);
  closeSync(file);
  return bytes;
}

function load() {
  return loadavg()[0].toFixed(2);
}

const sizes = given.n.split(",").map(Number);
const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-"));
try {
  const programs = compile(folder);
  const { kernel } = await diagnose();
  console.log(
    `machine  ${cpus()[0]?.model ?? process.arch}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  );
  console.log(`system   ${process.platform} ${release()}, Node ${process.version}, kernel ${kernel}`);
  console.log(`clock    ${clockName}; medians of ${turns} turns in which all methods alternate`);
  for (const n of sizes) for (const data of given.data.split(",")) await measureOne(programs, folder, kernel, n, data);
  if (!sizes.some((n) => n >= 5e7))
    target("50 M and 100 M: ours against a linear scan", undefined, 900, { why: "more than this run; --n 5e7,1e8" });
  printTargets();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
