// Builds the libFuzzer targets of this folder and runs each for a bounded time, from the corpus that is kept here.
//
//   node test/fuzz/run.mjs [--seconds 60] [--seed N] [--merge] [pixels|lists|index|align|records …]
//
// What a run finds new is kept in build/fuzz/corpus and used by the next; --merge adds to the corpus here what reaches
// code that nothing in it reaches yet. Ends with 1 on a finding, whose input is kept in build/fuzz/findings.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compiler } from "./compiler.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const work = "build/fuzz";
// Tracing comparisons finds its way through text; in the kernels' inner loops it is three quarters of the time.
// `sources` are the sources that a target needs, where they are not all.
const untraced = ["-fno-sanitize-coverage=trace-cmp"];
const targets = {
  pixels: { flags: untraced, most: 512 },
  lists: { flags: [], most: 4096, sources: /^native\/(lists|status|hash\/values)/ },
  index: { flags: untraced, most: 512 },
  align: { flags: untraced, most: 768 },
  records: { flags: untraced, most: 2048 },
};

/** All of native/ but the kernels of other processors. */
function sources() {
  const foreign = process.arch === "arm64" ? /kernels\/(x86_|wasm)/ : /kernels\/(arm_|wasm)/;
  const names = readdirSync(join(root, "native"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".cc") && !foreign.test(name)).map((name) => `native/${name}`);
}

/** Returns the exit code and everything said. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      // A run prints a line for each new input: the end is what counts.
      stream.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-100_000)));
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, said }));
  });
}

/** Runs the tasks, as many at a time as there are processors. Rejects with the first error. */
async function together(tasks) {
  const waiting = [...tasks];
  const worker = async () => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await task();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/**
 * Compiles the core once for each set of flags, and links the targets. Returns each target's program. The tests of the
 * core use the objects again.
 */
async function build(clang, names) {
  // Lines and functions are what a report of a finding shows: more of the debug information costs a seventh of the
  // time.
  const common = ["-std=c++20", "-O2", "-g1", "-ffp-contract=off"];
  const sanitizers = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"];
  const compile = async (flags, source, object) => {
    mkdirSync(dirname(join(root, object)), { recursive: true });
    const { code, said } = await run(clang, [...common, ...sanitizers, ...flags, "-c", source, "-o", object]);
    if (code !== 0) throw new Error(`${source} does not compile\n${said}`);
  };
  const tasks = [];
  const objects = new Map(names.map((name) => [name, []]));
  for (const flags of new Set(names.map((name) => targets[name].flags.join(" ")))) {
    const users = names.filter((name) => targets[name].flags.join(" ") === flags);
    const folder = `${work}/objects/${flags === "" ? "traced" : "plain"}`;
    const add = (source, receivers) => {
      const object = `${folder}/${source}.o`;
      for (const name of receivers) objects.get(name).push(object);
      tasks.push(() => compile(flags.split(" ").filter(Boolean), source, object));
    };
    for (const source of sources()) {
      const receivers = users.filter((name) => targets[name].sources?.test(source) ?? true);
      if (receivers.length > 0) add(source, receivers);
    }
    for (const name of users) add(`test/fuzz/${name}.cc`, [name]);
  }
  await together(tasks);
  const programs = new Map(names.map((name) => [name, `${work}/${name}`]));
  const link = async ([name, program]) => {
    const { code, said } = await run(clang, [...sanitizers, ...objects.get(name), "-o", program]);
    if (code !== 0) throw new Error(`${name} does not link\n${said}`);
  };
  await together([...programs].map((entry) => () => link(entry)));
  return programs;
}

async function fuzz(program, name, { seconds, seed, merge }) {
  const kept = `test/fuzz/corpus/${name}`;
  const grown = `${work}/corpus/${name}`;
  mkdirSync(join(root, grown), { recursive: true });
  const most = `-max_len=${targets[name].most}`;
  const { code, said } = await run(program, [
    `-max_total_time=${seconds}`,
    `-seed=${seed}`,
    `-artifact_prefix=${work}/findings/${name}-`,
    "-timeout=20",
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
    most,
    grown,
    kept,
  ]);
  if (code !== 0) {
    console.log(`${name}: a finding (seed ${seed})\n${said}`);
    return false;
  }
  const runs = /number_of_executed_units:\s*(\d+)/.exec(said)?.[1];
  if (runs === undefined) throw new Error(`${name} ended without its statistics\n${said}`);
  console.log(`${name}: ${runs} inputs in ${seconds} s, seed ${seed}, no finding`);
  if (merge) await run(program, ["-set_cover_merge=1", most, kept, grown]);
  return true;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: "string" }, seed: { type: "string" }, merge: { type: "boolean" } },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds ?? 60);
  const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 2 ** 31));
  if (!Number.isInteger(seconds) || seconds < 1 || !Number.isInteger(seed))
    throw new Error("--seconds and --seed take integers");
  const names = positionals.length > 0 ? positionals : Object.keys(targets);
  for (const name of names) if (!Object.hasOwn(targets, name)) throw new Error(`No target ${name}`);

  const clang = compiler();
  if (clang === undefined) {
    console.log("skipped: needs clang");
    return;
  }
  mkdirSync(join(root, work, "findings"), { recursive: true });
  let clean = true;
  const programs = await build(clang, names);
  await together(
    [...programs].map(([name, program]) => async () => {
      clean = (await fuzz(program, name, { seconds, seed, merge: values.merge ?? false })) && clean;
    }),
  );
  process.exitCode = clean ? 0 : 1;
}

await main();
