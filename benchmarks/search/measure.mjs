// Clocks, medians, the peers' process and the list of targets.
//
// Why not tinybench, as ../lib.mjs does: a search takes microseconds in one thread, so what counts is this thread's own
// processor time. tinybench reads a clock on the wall, which other processes move, and times each call by itself, which
// costs as much as the call. Here a slice of many calls is counted as a whole, of each method in turn.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";

const schedule = `/proc/self/task/${process.pid}/schedstat`;

function readSchedule() {
  try {
    return Number(readFileSync(schedule, "latin1").split(" ")[0]) / 1000;
  } catch {
    return undefined; // not Linux, or a kernel without it
  }
}

/** Whose time is counted: this thread's where the system tells it, as others may share the processor. */
export const clockName =
  readSchedule() === undefined ? "CPU time of the process" : "CPU time of the thread, of others' in their own process";

/** Microseconds of processor time. */
export function cpu() {
  const { user, system } = process.cpuUsage(); // also brings the kernel's own count, read next, up to date
  return readSchedule() ?? user + system;
}

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)];
}

export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** Microseconds a call of `work(i)`, i going round below `count`, over a slice of at least `least` microseconds. */
export function slice(work, count, least = 150_000) {
  const start = performance.now();
  const before = cpu();
  let calls = 0;
  // Whole rounds where they are short: queries differ.
  do {
    for (let i = 0; i < count; i++, calls++) {
      work(i);
      if ((calls & 15) === 15 && performance.now() - start > 20 * (least / 1000)) break;
    }
  } while (performance.now() - start < least / 1000);
  return (cpu() - before) / calls;
}

/** Runs every method in turn, `turns` times, and returns the median of each. */
export async function inTurn(methods, turns) {
  const times = Object.fromEntries(Object.keys(methods).map((name) => [name, []]));
  for (let turn = 0; turn < turns; turn++) {
    for (const [name, method] of Object.entries(methods)) {
      times[name].push(await method());
      await setImmediate();
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
}

/** Every query by itself, the best of three: what is left is the engine's and not another process's. */
export function each(work, count) {
  const times = new Float64Array(count).fill(Infinity);
  for (let turn = 0; turn < 3; turn++) {
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      work(i);
      times[i] = Math.min(times[i], 1000 * (performance.now() - start));
    }
  }
  return times;
}

/** The peers' process, one answer a command. */
export class Peers {
  constructor(program, rows, queries) {
    this.process = spawn(program, [rows, queries], { stdio: ["pipe", "pipe", "inherit"] });
    this.failure = new Promise((_, reject) => {
      this.process.once("error", reject);
      this.process.once("exit", (code, signal) => reject(new Error(`peers ended: ${code ?? signal}`)));
    });
    this.failure.catch(() => {}); // looked at with every command; after `close` nobody waits for it
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }
  async hello() {
    this.faiss = (await this.answer()).faiss;
    return this;
  }
  async answer() {
    return JSON.parse((await Promise.race([this.lines.next(), this.failure])).value);
  }
  async ask(command) {
    this.process.stdin.write(`${command}\n`);
    return this.answer();
  }
  close() {
    this.process.stdin.end();
  }
}

export function us(value) {
  if (value === undefined) return "–";
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

export function row(name, ...cells) {
  console.log(`  ${name.padEnd(44)}${cells.map((cell) => String(cell).padStart(12)).join("")}`);
}

const targets = [];

/** `measured` has to be at least (or, with `most`, at most) `wanted`. Undefined: not measured, and why. */
export function target(name, measured, wanted, { most = false, why = "" } = {}) {
  targets.push({ name, measured, wanted, most, why });
}

export function printTargets() {
  console.log("\nTargets of the engine");
  for (const { name, measured, wanted, most, why } of targets) {
    if (measured === undefined) {
      console.log(`  not measured  ${name}: ${why}`);
      continue;
    }
    const met = most ? measured <= wanted : measured >= wanted;
    const sign = most ? "≤" : "≥";
    console.log(`  ${met ? "met         " : "NOT MET     "}  ${name}: ${us(measured)} (${sign} ${us(wanted)})`);
  }
}
