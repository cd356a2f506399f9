// A cluster on this machine: three servers of NATS, a curator, a standby and three nodes, each a process of its own. It
// withdraws under load, kills one of each kind, and prints what happened. It exits with 1 where a promise is broken.
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
import { clusterStatus } from "../dist/index.js";

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
const pathOf = (id) => {
  mkdirSync(join(folder, id), { recursive: true });
  return join(folder, id, "known.bank");
};
function boot(role, id) {
  const own = role === "curator" ? { bank: pathOf(id) } : { path: pathOf(id) };
  const options = { role, id, ...link, ...own, ...(role === "node" ? {} : leases) };
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

tell("three servers of NATS, a curator, a standby and three nodes start");
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
const all = () => [...nodes, standby];
await Promise.all(all().map((node) => node.started));
await Promise.all(all().map((node) => answering(node, 0)));
tell(`all answer, with ${hashes.length} hashes; every node searches, and the curator imports`);
await Promise.all([...all(), curator].map((member) => member.call("load", hashes)));

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
  must(removal.complete && Object.keys(removal.nodes).length === 4, "every node confirms a withdrawal");
  times.push(removal.took);
}
times.sort((a, b) => a - b);
tell(
  `10 withdrawals under load: each confirmed by all 4 replicas; median ${seconds(times[5])}, slowest ${seconds(times[9])}`,
);

await kill(nodes[2].child);
nodes = nodes.slice(0, 2);
tell("node-3 is killed");
const without = await withdraw(curator);
must(without.missing.join() === "node-3", "a withdrawal names the node that is gone");
tell(
  `a withdrawal resolves after ${seconds(without.took)}, when the lease of node-3 has ended; missing: ${without.missing}`,
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
must(status.nodes.length === 4 && status.nodes.every((node) => node.answering), "all nodes answer at the end");

await Promise.all(all().map((node) => node.call("close")));
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
