// A cluster on this machine: three servers of NATS, a curator, a standby, three nodes, two shards and a rescanner, each
// a process of its own. It withdraws under load, kills one of each kind, and prints what happened. The exit status is 1
// if a promise is broken.
//
//   npm run demo:cluster
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { BankStore } from "empreinte/bank";
import { Archive, clusterStatus } from "../dist/index.js";

const natsServer = process.env["NATS_SERVER"] ?? "nats-server";
const folder = mkdtempSync(join(tmpdir(), "empreinte-demo-"));
const began = performance.now();
const tell = (text) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`);
const problems = [];
const must = (holds, text) => {
  if (holds) return;
  problems.push(text);
  tell(`BROKEN: ${text}`);
};
const children = new Set();
function start(program, args, stdio) {
  const child = spawn(program, args, { stdio });
  children.add(child);
  child.on("close", () => children.delete(child));
  child.on("error", (error) => {
    console.error(`${program} cannot be started: ${error.message}`);
    process.exit(2);
  });
  return child;
}
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
setTimeout(() => {
  tell("BROKEN: two minutes have passed");
  process.exit(1);
}, 120_000).unref();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(2));

async function kill(child) {
  const ended = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Three servers of NATS.
const numbers = [0, 1, 2];
const ports = [];
for (const _ of [...numbers, ...numbers]) ports.push(await freePort());
const routes = numbers.map((i) => `nats://127.0.0.1:${ports[3 + i]}`).join(", ");
const servers = numbers.map((i) => `127.0.0.1:${ports[i]}`);
function bootServer(i) {
  const config = join(folder, `nats-${i}.conf`);
  const cluster = `cluster { name: demo, listen: "127.0.0.1:${ports[3 + i]}", routes: [${routes}] }`;
  writeFileSync(
    config,
    `server_name: nats-${i}\nlisten: "${servers[i]}"\njetstream { store_dir: "${join(folder, `nats-${i}`)}" }\n${cluster}\n`,
  );
  return start(natsServer, ["-c", config, "-l", join(folder, `nats-${i}.log`)], "ignore");
}
const natsProcesses = numbers.map(bootServer);

async function untilJetStream() {
  for (;;) {
    try {
      const nc = await connect({ servers, timeout: 1000 });
      const { data } = await nc.request("$JS.API.INFO", "", { timeout: 1000 });
      await nc.close();
      if (!Buffer.from(data).includes('"error"')) return;
    } catch {
      // The servers are not up yet, or have no leader yet.
    }
    await sleep(100);
  }
}

// The members.
const link = { store: "demo", nats: { servers }, replicas: 3 };
const leases = { curatorLeaseSeconds: 4, nodeLeaseSeconds: 8 };
const program = fileURLToPath(new URL("demo-member.mjs", import.meta.url));
const shards = 2;
const pathOf = (id) => {
  mkdirSync(join(folder, id), { recursive: true });
  return join(folder, id, id.startsWith("shard") ? "uploads" : "known.bank");
};
const more = { node: {}, rescanner: { shards }, curator: leases, standby: leases };
const bootShard = (shard) => boot("shard", `shard-${shard}`, { shard, shards });
function boot(role, id, ofRole = more[role]) {
  const own = role === "curator" ? { bank: pathOf(id) } : { path: pathOf(id) };
  const options = { role, id, ...link, ...own, ...ofRole };
  const child = start(process.execPath, [program, JSON.stringify(options)], ["pipe", "pipe", "inherit"]);
  child.stdin.on("error", () => tell(`${id} does not take commands`));
  const [lines, waiting] = [[], new Set()];
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text);
    if (line.failed !== undefined) must(false, `${id}: ${line.failed}`);
    lines.push(line);
    for (const wake of waiting) wake();
  });
  const line = async (wanted) => {
    for (;;) {
      const found = lines.find(wanted);
      if (found !== undefined) return found;
      await new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  let next = 0;
  const call = async (...command) => {
    const number = next++;
    child.stdin.write(`${JSON.stringify([number, ...command])}\n`);
    const { value, error } = await line((one) => one.id === number);
    if (error !== undefined) throw new Error(`${id}: ${error}`);
    return value;
  };
  return { id, child, line, call, started: line((one) => one.started) };
}

/** Waits until a node answers at a revision or a later one, and returns the milliseconds. */
async function answering(node, revision) {
  const since = performance.now();
  for (;;) {
    const state = await node.call("state");
    if (state.incomplete === undefined && state.revision >= revision) return performance.now() - since;
    await sleep(20);
  }
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;

tell("three servers of NATS, a curator, a standby, three nodes, two shards and a rescanner start");
const hashes = Array.from({ length: 2000 }, () => randomBytes(32).toString("hex"));
const store = await BankStore.create(pathOf("curator"));
store.createBank({ name: "known" });
await store.import(
  { bank: "known", source: "demo" },
  hashes.map((value) => ({ id: value.slice(0, 16), signals: [{ type: "pdq", value }] })),
);
await store.close();
await untilJetStream();
const curator = boot("curator", "curator");
await curator.started;
const standby = boot("standby", "standby");
let nodes = ["node-1", "node-2", "node-3"].map((id) => boot("node", id));
const rescanner = boot("rescanner", "rescanner");
const archiveShards = [0, 1].map(bootShard);
const all = () => [...nodes, standby, rescanner];
await Promise.all([...all(), ...archiveShards].map((member) => member.started));
await Promise.all(all().map((node) => answering(node, 0)));
const archive = await Archive.open({ store: link.store, nats: link.nats, shards });
const uploads = Array.from({ length: 4000 }, (_, i) => ({
  id: `upload-${i}`,
  hash: randomBytes(32).toString("hex"),
  time: Date.now(),
}));
const { kept: archived } = await archive.keep(uploads);
must(archived === uploads.length, "the shards keep every upload");
tell(`all answer, with ${hashes.length} hashes and ${archived} uploads; every node searches, and the curator imports`);
await Promise.all([...nodes, standby, curator].map((member) => member.call("load", hashes)));

const removed = [];
async function withdraw(by) {
  const hash = hashes[removed.length];
  const removal = await by.call("withdraw", hash);
  removed.push(hash);
  await Promise.all(all().map((node) => node.call("gone", hash)));
  return removal;
}

const times = [];
for (let i = 0; i < 10; i++) {
  const removal = await withdraw(curator);
  must(removal.complete && Object.keys(removal.nodes).length === 5, "every node confirms a withdrawal");
  times.push(removal.took);
}
times.sort((a, b) => a - b);
tell(
  `10 withdrawals under load: each confirmed by all 5 replicas; median ${seconds(times[5])}, slowest ${seconds(times[9])}`,
);

/** Adds the hashes of uploads to the bank, and waits until the rescan of that revision is complete, or for so long. */
async function rescan(some, waitSeconds) {
  const since = performance.now();
  const revision = await curator.call(
    "add",
    some.map(({ hash }) => hash),
  );
  return { ...(await rescanner.call("rescan", revision, { waitSeconds })), revision, took: performance.now() - since };
}

await kill(nodes[2].child);
nodes = nodes.slice(0, 2);
tell("node-3 is killed");
const withdrawing = withdraw(curator);

// The shards, while the withdrawal waits for the lease of node-3.
const [early, later] = [uploads.slice(0, 20), uploads.slice(20, 40)];
const whole = await rescan(early, 30);
must(whole.complete, "a rescan is complete");
tell(`20 hashes of uploads come into the bank: all shards have searched them after ${seconds(whole.took)}`);
await kill(archiveShards[1].child);
const partly = await archive.search(uploads[0].hash);
must(
  !partly.complete && partly.missing.map(({ shard }) => shard).join() === "1",
  "a search names the shard that is gone",
);
const held = await rescan(later, 1);
must(!held.complete && held.missing.map(({ shard }) => shard).join() === "1", "a rescan names the shard that is gone");
tell(`shard 1 is killed: a search and the rescan of 20 more hashes say that shard 1 is ${partly.missing[0].reason}`);
archiveShards[1] = bootShard(1);
await archiveShards[1].started;
const resumed = await rescanner.call("rescan", held.revision, { waitSeconds: 30 });
must(resumed.complete, "the rescan is complete once the shard is back");
const found = await rescanner.call("found");
must(
  [...early, ...later]
    .map(({ id }) => id)
    .toSorted()
    .join() === found.toSorted().join(),
  "the rescans find the uploads, each once",
);
must((await archive.search(uploads[0].hash)).complete, "searches are complete again");
tell(`shard 1 is back: the rescan is complete, and ${found.length} of 40 uploads are found`);
await archive.close();

const without = await withdrawing;
must(without.missing.join() === "node-3", "a withdrawal names the node that is gone");
tell(
  `the withdrawal that began then resolves after ${seconds(without.took)}, when the lease of node-3 has ended; missing: ${without.missing}`,
);
const again = boot("node", "node-3");
await again.started;
const back = await answering(again, without.revision);
nodes.push(again);
for (const hash of removed) await again.call("gone", hash);
await again.call("load", hashes);
tell(`node-3 is back, and answers after ${seconds(back)} at revision ${without.revision} or later`);

// A standby takes over only with every revision that was announced, so the last ones must have come before the curator
// goes.
const last = await curator.call("pause");
await Promise.all(all().map((node) => answering(node, last)));
tell("the imports end; the searches go on");

const nc = await connect({ servers });
const { cluster } = await (await jetstreamManager(nc)).streams.info("EMP_CHANGES_demo");
await nc.close();
const leader = Number(cluster.leader.slice("nats-".length));
await kill(natsProcesses[leader]);
tell(`NATS server ${leader}, the leader of the stream, is killed`);
const elected = await withdraw(curator);
tell(`a withdrawal resolves after ${seconds(elected.took)}; missing: ${elected.missing.join() || "none"}`);
natsProcesses[leader] = bootServer(leader);
await Promise.all(all().map((node) => answering(node, elected.revision)));
tell("the server is started again, and all nodes answer");

await kill(curator.child);
tell("the curator is killed");
const since = performance.now();
await standby.line(({ event }) => event?.type === "curator");
tell(`the standby is the curator after ${seconds(performance.now() - since)}`);
let taken;
for (;;) {
  try {
    taken = await withdraw(standby);
    break;
  } catch {
    // It has the lease, and its promise of a curator resolves a little later.
    await sleep(50);
  }
}
must(!taken.pending, "the new curator announces");
tell(`its withdrawal resolves after ${seconds(taken.took)}; missing: ${taken.missing.join() || "none"}`);
await Promise.all(all().map((node) => answering(node, taken.revision)));

let [answers, wrong] = [0, 0];
const incomplete = {};
for (const node of all()) {
  const counts = await node.call("counts");
  answers += counts.answers;
  wrong += counts.wrong;
  for (const [reason, count] of Object.entries(counts.incomplete))
    incomplete[reason] = (incomplete[reason] ?? 0) + count;
}
must(wrong === 0, `${wrong} searches found what was withdrawn before`);
const refused = Object.entries(incomplete).map(([reason, count]) => `${count} (${reason})`);
tell(`${answers} searches answered, ${wrong} found what was withdrawn, refused: ${refused.join(", ") || "none"}`);
const status = await clusterStatus(link);
tell(`curator ${status.curator?.id}, epoch ${status.curator?.epoch}, revision ${status.revision}`);
must(status.nodes.length === 5 && status.nodes.every((node) => node.answering), "all nodes answer at the end");

await Promise.all([...all(), ...archiveShards].map((member) => member.call("close")));
for (const child of children) await kill(child);
// The killed curator's own file has what was withdrawn after its end, until it returns.
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => !name.startsWith("curator"))
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile());
const bytes = files.map((path) => readFileSync(path));
const forms = (hash) => [Buffer.from(hash, "hex"), Buffer.from(hash), Buffer.from(hash.toUpperCase())];
const left = removed.filter((hash) => forms(hash).some((form) => bytes.some((file) => file.includes(form))));
must(left.length === 0, `${left.length} withdrawn hashes are in files`);
const kept = hashes
  .slice(removed.length)
  .filter((hash) => bytes.some((file) => file.includes(Buffer.from(hash, "hex"))));
must(
  kept.length === hashes.length - removed.length,
  "the hashes that were not withdrawn are in the files of the nodes",
);
tell(
  `${files.length} files: ${left.length} of ${removed.length} withdrawn hashes in them, all ${kept.length} others are`,
);
tell(problems.length === 0 ? "every promise was kept" : `${problems.length} promises were broken`);
process.exit(problems.length === 0 ? 0 : 1);
