// A simulated year of four exchanges whose records change, with faults at random and processes that are killed at
// random. In the end the store must be what the exchanges are, entry by entry.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { BankStore } from "empreinte/bank";
import { kinds } from "./sources.mjs";

const day = 24 * 3600;
const faults = ["truncated", "reset", "busy", "error", "login", "other", "redirect"];
/** So many errors are kept. */
const mostErrors = 100;
const [none, active, withdrawn, held] = [0, 1, 2, 3];
const stateNames = ["none", "active", "withdrawn", "held"];
const script = join(import.meta.dirname, "child.mjs");

/** Chance that is the same in every run. */
function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One exchange, and what the soak knows of each of its records by number. */
class Source {
  /** Whether nobody fetches it for now. */
  paused = false;
  changes = 0;

  constructor(kind, count, now) {
    Object.assign(this, { kind, count, ...kinds[kind](now) });
    this.now = now;
    this.state = new Uint8Array(count);
    this.version = new Uint16Array(count);
    /** How often the newest version was taken, and taken since a token expired, and sent on a whole page. */
    this.taken = new Uint16Array(count);
    this.since = new Uint16Array(count);
    this.sent = new Uint16Array(count);
    this.time = new Uint32Array(count);
    /** The newest time of what was taken, and its value when the source was last complete. */
    this.newest = this.reached = 0;
    this.numbers = new Map();
    /** Times counted so far of versions that are no longer the newest. */
    this.takenTimes = [];
    this.sentTimes = [];
    this.refetched = 0;
    this.simulator.onRecords = (keys) => {
      for (const key of keys) this.sent[this.numbers.get(key)]++;
    };
  }

  change(number, state, { newValue = false, time = this.now() } = {}) {
    this.changes++;
    if (this.state[number] === none) {
      this.numbers.set(this.recordKey(number), number);
      this.numbers.set(this.keyOf(number), number);
    } else this.count1(number);
    if (newValue && this.versions) this.version[number]++;
    this.state[number] = state;
    this.time[number] = time;
    this.put(number, stateNames[state], this.version[number], time);
  }

  /** Notes that a version went into a transaction. Returns whether it is of the second with which the fetch began. */
  take(number) {
    this.taken[number]++;
    const time = this.time[number];
    this.newest = Math.max(this.newest, time);
    if (time === this.reached) return true;
    this.since[number]++;
    return false;
  }

  /** Counts anew: what follows is fetched again. */
  beginAnew() {
    for (const times of this.since) this.refetched = Math.max(this.refetched, times);
    this.since.fill(0);
  }

  /** Counts how often a version came, before there is another. */
  count1(number) {
    const add = (times, n) => (times[n] = (times[n] ?? 0) + 1);
    add(this.takenTimes, this.taken[number]);
    add(this.sentTimes, this.sent[number]);
    this.refetched = Math.max(this.refetched, this.since[number]);
    this.taken[number] = this.since[number] = this.sent[number] = 0;
  }
}

/** See soak.d.mts. */
export async function soak({ records, kills, seed = 1, onMonth = () => undefined }) {
  const random = chance(seed);
  const below = (limit) => Math.floor(random() * limit);
  const start = Date.UTC(2026, 0, 1) / 1000;
  let clock = start;
  const now = () => clock;
  const each = Math.floor(records / 4);
  const sources = Object.keys(kinds).map((kind) => new Source(kind, each, now));
  const byKind = new Map(sources.map((source) => [source.kind, source]));
  const result = {
    errors: [],
    active: 0,
    runs: 0,
    kills: 0,
    requests: 0,
    faults: {},
    taken: 0,
    newestSecond: 0,
    changes: 0,
    searches: 0,
  };
  Object.assign(result, { takenTimes: [], sentTimes: [], refetched: 0, notes: {}, failures: {} });
  const wrong = (text) => {
    if (result.errors.length < mostErrors) result.errors.push(text);
  };
  const count = (counts, name) => (counts[name] = (counts[name] ?? 0) + 1);

  // Nine tenths of the records are from the year before.
  for (const source of sources) {
    const first = Math.floor(0.9 * each);
    for (let i = 0; i < first; i++) {
      const state = random() < 0.05 ? withdrawn : active;
      source.change(i, state, { time: start - 365 * day + Math.floor((i / first) * 364 * day) });
    }
    source.used = first;
  }

  const folder = mkdtempSync(join(tmpdir(), "empreinte-soak-"));
  const path = join(folder, "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "bank" });

  let child;
  let killIn = Infinity;
  let faultShare = 0;
  let changeShare = 0.2;
  const bases = {};
  for (const source of sources) {
    bases[source.kind] = await source.simulator.listen();
    source.simulator.onRequest = () => {
      result.requests++;
      // Exchanges change while they are paged through.
      if (random() < changeShare) changeSome(source, 1 + below(3));
      if (--killIn === 0) setTimeout(() => child.kill("SIGKILL"), random() * 60);
    };
    source.simulator.fault = () => {
      if (random() >= faultShare) return undefined;
      const fault = random() < 0.02 ? "expired" : faults[below(faults.length)];
      count(result.faults, fault);
      return fault;
    };
  }

  /** Changes records at random, the first after a time and the last now. */
  function changeSome(source, changes, after = clock) {
    for (let i = 1; i <= changes; i++) {
      const time = after + Math.floor(((clock - after) * i) / changes);
      const what = random();
      if (what < 0.2 && source.used < each) source.change(source.used++, active, { time });
      else {
        const number = below(source.used);
        const was = source.state[number];
        if (was === none) continue;
        if (was !== active) source.change(number, active, { time });
        else if (what < 0.55) source.change(number, withdrawn, { time });
        else if (what < 0.58 && source.kind === "stopncii") source.change(number, held, { time });
        else source.change(number, active, { newValue: what < 0.8, time });
      }
    }
  }

  /** Whether the store of this process, which fetches nothing, finds a version of a record. */
  async function finds(source, number, version) {
    result.searches++;
    const found = await store.search(source.valueOf(number, version), { radius: 0 });
    return found.some(
      (match) => match.source === source.kind && (match.entryId ?? source.keyOf(number)) === source.keyOf(number),
    );
  }

  /** What the store must not find: withdrawn records, and earlier values of others. */
  async function checkEnded(source, number) {
    const [state, version] = [source.state[number], source.version[number]];
    if (state === none) return;
    if (state !== active && (await finds(source, number, version)) && source.state[number] === state)
      wrong(`${source.kind} ${number}: it is found although it is ${stateNames[state]}`);
    if (version > 0 && (await finds(source, number, version - 1)) && source.version[number] === version)
      wrong(`${source.kind} ${number}: its value of before is found`);
  }

  /** Numbers whose end was taken, by source. */
  const ended = new Map(sources.map((source) => [source, new Set()]));

  async function heard(line) {
    const { source: kind, active: actives, ended: ends, note, complete, failed } = JSON.parse(line);
    const source = byKind.get(kind);
    if (failed !== undefined) count(result.failures, failed);
    if (note !== undefined) {
      count(result.notes, note);
      if (note === "expired" || note === "stale") source.beginAnew();
    }
    if (complete) source.reached = source.newest;
    if (actives === undefined) return;
    for (const key of [...actives, ...ends]) {
      result.taken++;
      if (source.take(source.numbers.get(key))) result.newestSecond++;
    }
    const numbers = ends.map((key) => source.numbers.get(key));
    for (const number of numbers) ended.get(source).add(number);
    for (const number of numbers.slice(0, 8)) await checkEnded(source, number);
    for (const key of actives.slice(0, 4)) await checkEnded(source, source.numbers.get(key));
  }

  async function run() {
    result.runs++;
    const fetched = Object.fromEntries(sources.filter(({ paused }) => !paused).map(({ kind }) => [kind, bases[kind]]));
    child = spawn(process.execPath, [script, path, JSON.stringify(fetched), String(clock)], {
      env: { ...process.env, SECRET: "secret" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) {
      // A line of a process that was killed may be cut off.
      if (line.endsWith("}")) await heard(line);
    }
    const [status, signal] = await exited;
    if (signal === "SIGKILL") result.kills++;
    else if (status !== 0) wrong(`a run ended with status ${status}`);
    return signal !== "SIGKILL";
  }

  const rounds = Math.max(14, Math.ceil(kills / 2));
  const perRound = Math.max(20, Math.round(each * 0.002));
  /** Requests of the last run that was not killed. */
  let usual = Math.ceil(records / 1000);
  let month = 0;
  try {
    for (let round = 1; round <= rounds || result.kills < kills; round++) {
      const before = clock;
      clock = start + Math.floor((round * 365 * day) / rounds);
      const yearShare = round / rounds;
      for (const source of sources) changeSome(source, perRound, before);
      // Nobody fetches these two for longer than they remember.
      byKind.get("threatexchange").paused = yearShare > 0.3 && yearShare < 0.6;
      byKind.get("stopncii").paused = yearShare > 0.7 && yearShare < 0.85;
      for (const source of sources) source.forget();
      clock += 60;
      faultShare = 0.08;
      for (let ran = false; !ran; clock += 130) {
        // A process that was killed is started again when its lock has ended.
        const due = result.kills < (kills * round) / rounds;
        killIn = due ? 1 + below(usual) : Infinity;
        const requests = result.requests;
        ran = await run();
        if (ran) usual = Math.max(8, result.requests - requests);
      }
      for (const [source, numbers] of ended) {
        const all = [...numbers];
        for (let i = 0; i < Math.min(25, all.length); i++) await checkEnded(source, all[below(all.length)]);
      }
      if (Math.floor(12 * yearShare) > month) {
        month = Math.floor(12 * yearShare);
        onMonth(
          `month ${month}: ${result.runs} runs, ${result.kills} kills, ${result.requests} requests, ${result.errors.length} errors`,
        );
      }
    }
    // In the end all is quiet.
    [killIn, faultShare, changeShare] = [Infinity, 0, 0];
    clock += day;
    await run();
    await checkAll();
  } finally {
    await store.close();
    for (const { simulator } of sources) await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
  for (const source of sources) {
    for (let i = 0; i < each; i++) if (source.state[i] !== none) source.count1(i);
    result.refetched = Math.max(result.refetched, source.refetched);
    result.changes += source.changes;
    for (const name of ["takenTimes", "sentTimes"])
      source[name].forEach((n, times) => (result[name][times] = (result[name][times] ?? 0) + n));
  }
  for (const name of ["takenTimes", "sentTimes"]) result[name] = Array.from(result[name], (n) => n ?? 0);
  return result;

  /** Compares the store with what each exchange has, entry by entry. */
  async function checkAll() {
    for (const problem of store.verify()) wrong(`verify: ${JSON.stringify(problem)}`);
    for (const source of sources) {
      const left = new Map();
      for (const { key, value, time } of source.truth()) left.set(key, { value, time });
      for (const { entryId, signals, time } of store.entries({ bank: "bank", source: source.kind, status: "active" })) {
        const key = entryId ?? signals[0]?.value;
        const there = left.get(key);
        const about = `${source.kind} ${source.numbers.get(key)}`;
        if (there === undefined) wrong(`${about}: it is active in the store and not at the exchange`);
        else if (signals.length !== 1 || signals[0].value !== there.value) wrong(`${about}: its value is another`);
        else if (time?.getTime() !== 1000 * there.time) wrong(`${about}: its time is another`);
        else result.active++;
        left.delete(key);
      }
      for (const key of left.keys()) wrong(`${source.kind} ${source.numbers.get(key)}: it is missing in the store`);
      const withdrawnOnes = [...source.state.keys()].filter(
        (i) => source.state[i] !== none && source.state[i] !== active,
      );
      for (let i = 0; i < Math.min(2000, withdrawnOnes.length); i++)
        await checkEnded(source, withdrawnOnes[below(withdrawnOnes.length)]);
    }
  }
}
