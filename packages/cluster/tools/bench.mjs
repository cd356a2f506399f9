// The cluster on this machine: one nats-server, a curator and nodes as processes. Each figure is beside a bare figure
// of NATS or of the store from the same run.
//
//   npm run bench:cluster -- [--nodes 8] [--withdrawals 100] [--revisions 2000]
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { randomBytes } from "node:crypto";
import { AckPolicy, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { BankStore } from "empreinte/bank";
import { Curator } from "../dist/index.js";
import { startServer } from "./nats.mjs";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "8" },
    withdrawals: { type: "string", default: "100" },
    revisions: { type: "string", default: "2000" },
  },
});
const [nodes, withdrawals, revisions] = [values.nodes, values.withdrawals, values.revisions].map(Number);
const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-cluster-"));
const from = { bank: "known", source: "bench" };
const entry = (id) => ({ id: `e${id}`, signals: [{ type: "pdq", value: randomBytes(32).toString("hex") }] });
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
const milliseconds = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  return `p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms`;
};

const { nats, stop } = await startServer(folder);
const program = fileURLToPath(new URL("../test/support/member.mjs", import.meta.url));

function member(id) {
  const options = { role: "node", id, store: "bench", nats, path: join(folder, `${id}.bank`) };
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
  const events = [];
  const waiting = new Set();
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line).event ?? {});
    for (const wake of waiting) wake();
  });
  const event = async (wanted) => {
    while (!events.some(wanted)) {
      await new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  return { child, event };
}

/** A bare round: one message is published, and each of so many consumers acknowledges it and says so. */
async function bareRounds(nc, count, rounds) {
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: "BARE", subjects: ["bare"] });
  const js = jsm.jetstream();
  let heard = 0;
  let done = () => undefined;
  for (let i = 0; i < count; i++) {
    await jsm.consumers.add("BARE", { durable_name: `c${i}`, ack_policy: AckPolicy.Explicit });
    const own = await connect(nats);
    const consumer = await jsm.jetstream(own).consumers.get("BARE", `c${i}`);
    void (async () => {
      for await (const message of await consumer.consume()) {
        message.ack();
        if (++heard % count === 0) done();
      }
    })();
  }
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const all = new Promise((resolve) => (done = resolve));
    await js.publish("bare", "x");
    await all;
    times.push(performance.now() - start);
  }
  await jsm.streams.delete("BARE");
  return times;
}

let curator;
const children = [];
try {
  const nc = await connect(nats);
  const path = join(folder, "curator.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "known" });
  await store.import(
    from,
    Array.from({ length: 10_000 }, (_, i) => entry(i)),
  );
  await store.close();
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)} at the start`);
  console.log(`one nats-server, ${nodes} nodes as processes, a store of 10,000 entries\n`);

  curator = await Curator.start({
    store: "bench",
    nats,
    id: "curator",
    bank: path,
    curatorLeaseSeconds: 5,
    nodeLeaseSeconds: 10,
  });
  const all = Array.from({ length: nodes }, (_, i) => member(`n${i}`));
  children.push(...all.map(({ child }) => child));
  await Promise.all(all.map(({ event }) => event(({ type }) => type === "answering")));

  const bare = await bareRounds(nc, nodes, withdrawals);
  // The first withdrawal after a takeover waits for a whole lease.
  await curator.withdraw({ ...from, entryId: `e${withdrawals}` });
  const [total, local, last] = [[], [], []];
  for (let i = 0; i < withdrawals; i++) {
    const removal = await curator.withdraw({ ...from, entryId: `e${i}` });
    if (!removal.complete) throw new Error(`not complete: ${removal.missing.join(", ")}`);
    total.push(removal.took);
    local.push(removal.curator.goneAfter);
    last.push(Math.max(...Object.values(removal.nodes).map(({ goneAfter }) => goneAfter)));
  }
  console.log(`a bare publish that ${nodes} consumers acknowledge:  ${milliseconds(bare)}`);
  console.log(`the store's own withdrawal:                  ${milliseconds(local)}`);
  console.log(`withdrawal to the last node's confirmation:  ${milliseconds(last)}`);
  console.log(`withdrawal until the call returns:           ${milliseconds(total)}\n`);

  for (const { child } of all) child.kill("SIGKILL");
  for (let i = 0; i < revisions; i++) await curator.store.import(from, [entry(100_000 + i)], { saveIndex: false });
  const start = performance.now();
  const one = member("n0");
  children.push(one.child);
  const { revision } = curator.store;
  await one.event((event) => event.type === "applied" && event.revision === revision);
  console.log(
    `${revisions} revisions behind, with the start of the process: ${((performance.now() - start) / 1000).toFixed(2)} s`,
  );

  const bytes = statSync(path).size;
  const copying = performance.now();
  copyFileSync(path, join(folder, "copy"));
  const copied = performance.now() - copying;
  const taking = performance.now();
  const fresh = member("fresh");
  children.push(fresh.child);
  await fresh.event(({ type }) => type === "snapshot");
  const took = performance.now() - taking;
  const size = (bytes / 2 ** 20).toFixed(0);
  console.log(
    `a new node with ${size} MiB, with the start of the process: ${(took / 1000).toFixed(2)} s; the copy of the file alone: ${copied.toFixed(0)} ms`,
  );
  console.log(`load ${loadavg()[0].toFixed(1)} at the end`);
  await nc.close();
} finally {
  for (const child of children) child.kill("SIGKILL");
  await curator?.close();
  stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
