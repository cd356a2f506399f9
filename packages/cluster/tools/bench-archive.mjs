// The archive on this machine: one nats-server and all shards in this process. Each figure is beside what the indexes
// of the shards do by themselves with the same hashes.
//
//   npm run bench:archive -- [--shards 8] [--uploads 1000000] [--searches 500] [--hashes 10000] [--simulate 100]
//
// `--simulate` runs the rescanner against so many shards that do not search. Each answers a step after the time that
// the search would take: `--microseconds` for each hash, one shard after the other on each of `--machines`.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomBytes } from "node:crypto";
import { connect } from "@nats-io/transport-node";
import { HashIndex } from "empreinte";
import { BankStore } from "empreinte/bank";
import { Archive, Curator, Rescanner, ShardServer } from "../dist/index.js";
import { shardOf } from "../dist/archive/messages.js";
import { ArchiveShard } from "../dist/archive/shard.js";
import { startServer } from "./nats.mjs";

const { values } = parseArgs({
  options: {
    shards: { type: "string", default: "8" },
    uploads: { type: "string", default: "1000000" },
    searches: { type: "string", default: "500" },
    hashes: { type: "string", default: "10000" },
    simulate: { type: "string", default: "100" },
    machines: { type: "string", default: "100" },
    microseconds: { type: "string", default: "150" },
  },
});
const [shards, uploads, searches, hashes] = [values.shards, values.uploads, values.searches, values.hashes].map(Number);
const [simulated, machines, microseconds] = [values.simulate, values.machines, values.microseconds].map(Number);
const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-archive-"));
const from = { bank: "known", source: "bench" };
const hash = () => randomBytes(32).toString("hex");
const quantile = (times, share) => times.toSorted((a, b) => a - b)[Math.floor(share * times.length)];
const both = (times) => `p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`;
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
/** Runs work, and returns how long it took and the processor time of this process, in milliseconds. */
async function measured(work) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { took: performance.now() - start, cpu: (user + system) / 1000 };
}

/** Makes a bank with these hashes. */
async function bank(name, its) {
  const path = join(folder, name);
  const store = await BankStore.create(path);
  store.createBank({ name: "known" });
  await store.import(
    from,
    its.map((value, i) => ({ id: `e${i}`, signals: [{ type: "pdq", value }] })),
  );
  await store.close();
  return path;
}

/** A rescan of a bank in all shards, by a curator and a rescanner of this process. */
async function rescan(store, nats, path, count) {
  const curator = await Curator.start({ store, nats, id: "curator", bank: path });
  const { revision } = curator.store;
  let rescanner;
  const result = await measured(async () => {
    rescanner = await Rescanner.start({ store, nats, shards: count, source: curator });
    const { complete, missing } = await rescanner.rescan(revision, { waitSeconds: 3000, deadlineSeconds: 60 });
    if (!complete) throw new Error(`not complete: ${JSON.stringify(missing)}`);
  });
  await rescanner.close();
  await curator.close();
  return result;
}

/** Shards that answer a step after the time that its searches would take on their machine. */
async function simulatedShards(store, nats) {
  const free = Array.from({ length: machines }, () => 0);
  const connections = [];
  for (let shard = 0; shard < simulated; shard++) {
    if (shard % 25 === 0) connections.push(await connect(nats));
    const nc = connections.at(-1);
    let position = { revision: 0, digest: "", target: 0, targetDigest: "", after: 0, offset: 0, radius: 31 };
    let completed = null;
    nc.subscribe(`emp.match.${store}.${shard}`, {
      callback: (_, message) => {
        const { rescan: step, progress } = message.json();
        const answer = (more) => {
          const state = {
            position,
            completed: progress === undefined || progress <= position.revision ? completed : null,
          };
          const reply = {
            size: 1e8,
            layout: { shards: simulated },
            progress: { ...state, hashes: 0, matches: 0, leftOut: 0 },
          };
          message.respond(JSON.stringify({ ...reply, ...more }));
        };
        if (step === undefined) return answer({});
        const count = step.entries.reduce((sum, entry) => sum + entry.hashes.length, 0);
        const machine = shard % machines;
        free[machine] = Math.max(free[machine], performance.now()) + (count * microseconds) / 1000;
        setTimeout(() => {
          const { end, target, targetDigest } = step;
          if (end === null) {
            position = {
              ...position,
              revision: target,
              digest: targetDigest,
              target,
              targetDigest,
              after: 0,
              offset: 0,
            };
            completed = Date.now();
          } else position = { ...position, target, targetDigest, ...end };
          answer({ took: true });
        }, free[machine] - performance.now());
      },
    });
    await nc.flush();
  }
  return async () => {
    for (const nc of connections) await nc.close();
  };
}

const { nats, stop } = await startServer(folder);
let servers = [];
try {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)} at the start`);
  console.log(`${shards} shards with ${uploads} uploads, one nats-server, all shards in one process\n`);
  const paths = Array.from({ length: shards }, (_, i) => join(folder, `shard-${i}`));
  const filled = await measured(async () => {
    const opened = [];
    for (const path of paths) opened.push(await ArchiveShard.open(path));
    const waiting = paths.map(() => []);
    for (let i = 0; i < uploads; i++) {
      const upload = { id: `u${i}`, hash: hash(), time: i };
      const its = waiting[shardOf(upload.id, shards)];
      if (its.push(upload) >= 10_000) opened[shardOf(upload.id, shards)].keep(its.splice(0));
    }
    for (const [i, its] of waiting.entries()) if (its.length > 0) opened[i].keep(its);
    for (const one of opened) await one.close();
  });
  console.log(`keeping, without NATS:  ${((1000 * filled.cpu) / uploads).toFixed(1)} µs of processor time an upload`);

  for (const [i, path] of paths.entries()) {
    servers.push(await ShardServer.start({ store: "bench", nats, shard: i, shards, path }));
  }
  const archive = await Archive.open({ store: "bench", nats, shards });
  const queries = Array.from({ length: searches }, hash);
  const nc = await connect(nats);
  nc.subscribe("bare", { callback: (_, message) => message.respond("x") });
  await nc.flush();
  const [scatter, own, bare] = [[], [], []];
  for (const query of queries) {
    let start = performance.now();
    const { complete } = await archive.search(query, { deadlineSeconds: 60 });
    if (!complete) throw new Error("a search is not complete");
    scatter.push(performance.now() - start);
    // The slowest shard, each by itself and without NATS.
    const each = [];
    for (const { shard } of servers) {
      start = performance.now();
      await shard.search(query);
      each.push(performance.now() - start);
    }
    own.push(Math.max(...each));
    start = performance.now();
    await Promise.all(servers.map(() => nc.request("bare", "x", { timeout: 10_000 })));
    bare.push(performance.now() - start);
  }
  await nc.close();
  console.log(`a search of all shards:               ${both(scatter)}`);
  console.log(`the slowest shard's own search:       ${both(own)}`);
  console.log(`${shards} bare requests at once:               ${both(bare)}\n`);

  const its = Array.from({ length: hashes }, hash);
  const rows = Buffer.from(its.join(""), "hex");
  const indexes = [];
  for (const path of paths) indexes.push(await HashIndex.open(`${path}.index`));
  const alone = await measured(async () => {
    for (const index of indexes) await index.searchMany(rows, { radius: 31 });
  });
  for (const index of indexes) index.close();
  const path = await bank("known.bank", its);
  const whole = await rescan("bench", nats, path, shards);
  const each = (1000 * whole.cpu) / hashes / shards;
  console.log(`the indexes alone, ${hashes} hashes in ${shards} shards:   ${seconds(alone.cpu)} of processor time`);
  console.log(
    `the rescan, with NATS, curator and shards:  ${seconds(whole.cpu)} of processor time, ${seconds(whole.took)}`,
  );
  console.log(`that is ${each.toFixed(0)} µs for each hash in each shard\n`);
  await archive.close();
  for (const server of servers) await server.close();
  servers = [];

  if (simulated > 0) {
    const end = await simulatedShards("plan", nats);
    const path = await bank("plan.bank", its);
    const plan = await rescan("plan", nats, path, simulated);
    await end();
    console.log(
      `simulated: ${simulated} shards of 10⁸ uploads on ${machines} machines, ${microseconds} µs for each hash in each shard`,
    );
    console.log(
      `${hashes} hashes take ${seconds(plan.took)}, and this process ${seconds(plan.cpu)} of processor time for both sides`,
    );
    const least = (hashes * microseconds * Math.ceil(simulated / machines)) / 1000;
    console.log(`the searches alone would take ${seconds(least)}`);
  }
  console.log(`load ${loadavg()[0].toFixed(1)} at the end`);
} finally {
  for (const server of servers) await server.close();
  stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
