// What the benchmarks share that time JavaScript: settings, seeded numbers, the machine's line, timing by tinybench,
// ratios, and results as JSON with `--json`.
//
// bench:hash times C++ against C++ in its own process, and bench:search counts the processor time of this one thread
// (search/measure.mjs): a search takes a few microseconds, and a clock on the wall would measure the machine's other
// work. Both keep their own harness. Everything else is at least a millisecond, most of it in several threads or
// processes, and is timed here on the wall.
import { fork } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { Bench } from "tinybench";

/** The options of the command line, all numbers, with their defaults; `json` and each of `flags` are booleans. */
export function settings(defaults, flags = []) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" }]));
  for (const flag of ["json", ...flags]) options[flag] = { type: "boolean", default: false };
  const { values } = parseArgs({ options });
  const given = Object.entries(values).map(([name, value]) => [name, name in defaults ? Number(value) : value]);
  return { ...defaults, ...Object.fromEntries(given) };
}

/** Whole numbers below 2³² (xorshift32), the same on every machine for the same seed. */
export function random(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}

/** `count` bytes, a multiple of four, the same on every machine for the same seed. */
export function randomBytes(count, seed) {
  const next = random(seed);
  return Buffer.from(Uint32Array.from({ length: count / 4 }, next).buffer);
}

/** The middle value. */
export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** 1234567 as "1,234,567". */
export const count = (value) => Math.round(value).toLocaleString("en");

/** One call of `work` on the clock: what it returned and the milliseconds it took. */
export async function once(work) {
  let result;
  const [{ samples }] = Object.values(
    await compare({ once: async () => (result = await work()) }, { warmUp: 0, turns: 1 }),
  );
  return { result, milliseconds: samples[0] };
}

/**
 * Times each of `works` in turn, `turns` times `iterations` calls, so that what else the machine does strikes all of
 * them alike. The first `warmUp` turns are not counted. Returns for each the milliseconds of every call, their median
 * and mean.
 */
export async function compare(works, { turns = 5, iterations = 1, warmUp = 1 } = {}) {
  const samples = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  for (let turn = -warmUp; turn < turns; turn++) {
    const bench = new Bench({ iterations, time: 0, warmup: false, retainSamples: true, throws: true });
    // Saying which works are asynchronous keeps tinybench from calling one to find out.
    for (const [name, work] of Object.entries(works)) bench.add(name, work, { async: isAsync(work) });
    for (const task of await bench.run()) {
      if (turn >= 0) samples[task.name].push(...task.result.latency.samples);
    }
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, all]) => [name, { samples: all, median: median(all), mean: mean(all) }]),
  );
}

const isAsync = (work) => work.constructor.name === "AsyncFunction";

/** What a benchmark says: lines for people, or with `json` one object for programs. */
export class Report {
  #json;
  #object;

  /** `facts` are what the figures depend on: sizes, seed, kernel, versions. */
  constructor(name, { json }, facts) {
    this.#json = json;
    const machine = { cpu: cpus()[0]?.model ?? process.arch, threads: cpus().length, node: process.version };
    this.#object = { benchmark: name, machine, facts, results: [] };
    this.say(`machine   ${machine.cpu}, ${machine.threads} threads, Node ${machine.node}`);
    const said = Object.entries(facts).map(
      ([key, value]) => `${key} ${typeof value === "number" ? count(value) : value}`,
    );
    this.say(`${name.padEnd(9)} ${said.join(", ")}`);
  }

  /** A line for people only. */
  say(line = "") {
    if (!this.#json) console.log(line);
  }

  /** A result: its figures for programs, and how people read it. */
  result(name, figures, line) {
    this.#object.results.push({ name, ...figures });
    this.say(line);
  }

  /**
   * A row for each of `compared` (of `compare`): median and mean of a call, and how many times the peer's median it
   * takes. `each` is how many things one call does.
   */
  ratios(title, compared, { peer, each = 1 }) {
    this.say(`\n${title}`);
    const width = Math.max(...Object.keys(compared).map((name) => name.length));
    for (const [name, measured] of Object.entries(compared)) {
      const [middle, average] = [measured.median / each, measured.mean / each];
      const ratio = measured.median / compared[peer].median;
      const figures = { medianMilliseconds: middle, meanMilliseconds: average, ratio, peer };
      this.result(
        `${title} ${name}`,
        figures,
        `  ${name.padEnd(width)}  ${cells(middle, average, ratio, name === peer)}`,
      );
    }
  }

  end() {
    if (this.#json) console.log(JSON.stringify(this.#object, undefined, 2));
  }
}

function cells(middle, average, ratio, isPeer) {
  const times = isPeer ? "the peer" : `${ratio.toFixed(2)} × the peer`;
  return `median ${milliseconds(middle).padStart(9)}  mean ${milliseconds(average).padStart(9)}  ${times}`;
}

/** A time as people read it: three digits below ten milliseconds, whole ones above. */
export const milliseconds = (value) => `${value.toFixed(value < 10 ? 3 : 0)} ms`;

/**
 * Runs the file `url` once more as a process of its own with `job`, and returns what it answered with `answer`: what
 * one measurement leaves in memory is then not counted for the next. `jobOf()` tells the two processes apart.
 */
export function inOwnProcess(url, job) {
  const child = fork(new URL(url), [], { env: { ...process.env, EMPREINTE_BENCHMARK_JOB: "sent" } });
  // Not by the environment, which has no room for thousands of paths.
  child.send(job);
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The measurement's process ended with ${code}`)));
  });
}

/** The job of this process, or undefined in the one that was started by hand. */
export function jobOf() {
  if (process.env.EMPREINTE_BENCHMARK_JOB !== "sent") return undefined;
  return new Promise((resolve) => void process.once("message", resolve));
}

/** Sends `figures` and the peak of this process's memory to the process that started it, and ends. */
export function answer(figures) {
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  process.send({ ...figures, peakMiB }, () => process.exit());
}
