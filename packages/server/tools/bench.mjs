// The server beside a bare fastify route, and beside the library alone: npm run bench:server -- [--quick] [--data
// FOLDER]
//
// --data names a data folder whose store has what to search. Without it a store is made, with 100,000 random hashes
// (--quick) or a million.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import sharp from "sharp";
import { hashImage, version } from "empreinte";
import { BankStore } from "empreinte/bank";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, data: { type: "string" }, seconds: { type: "string" } },
});
const seconds = Number(values.seconds ?? (values.quick ? 5 : 20));
const entries = values.quick ? 100_000 : 1_000_000;
const root = fileURLToPath(new URL("../../..", import.meta.url));
const program = join(root, "packages/server/dist/main.js");
const data = values.data ?? mkdtempSync(join(tmpdir(), "empreinte-bench-server-"));

/** Starts a program and returns its address. */
async function start(...args) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  const begin = performance.now();
  for await (const chunk of child.stderr) {
    text += chunk;
    const found = /(http:\S+)/.exec(text);
    if (found !== null) return { child, url: found[1], milliseconds: performance.now() - begin };
  }
  throw new Error(text);
}

async function stop(child) {
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** Resident and private megabytes of a process. */
function memory(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024;
  return { resident: of("Rss"), private: of("Private_Clean") + of("Private_Dirty") };
}

/** Microseconds of processor time of all threads of a process so far. NaN anywhere but on Linux. */
function processorTime(pid) {
  if (process.platform !== "linux") return NaN;
  const times = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1000;
}

/** Sends calls to a server, prints how it answered, and returns the calls a second and the processor time of each. */
async function measure(name, { child, url }, options) {
  // So that both servers are compiled.
  await autocannon({ url, ...options, amount: options.connections * (options.body === undefined ? 300 : 10) });
  const before = processorTime(child.pid);
  const { requests, latency, non2xx, errors } = await autocannon({ url, duration: seconds, ...options });
  const micros = (processorTime(child.pid) - before) / requests.total;
  const cells = [requests.average.toFixed(0), micros.toFixed(0), latency.p50, latency.p99, latency.max];
  console.log(`| ${name} | ${cells.join(" | ")} | ${non2xx + errors} |`);
  return { rate: requests.average, micros };
}

if (!existsSync(join(data, "store.bank"))) {
  console.log(`Making a store of ${entries} entries…`);
  const { prepareData } = await import("../dist/core/service.js");
  await prepareData(data);
  const store = await BankStore.open(join(data, "store.bank"));
  store.createBank({ name: "BANK", policy: { action: "block" } });
  function* all() {
    for (let i = 0; i < entries; i++) yield { id: `${i}`, signals: [{ type: "pdq", value: randomBytes(32) }] };
  }
  await store.import({ bank: "BANK", source: "random" }, all());
  await store.close();
}

console.log(`empreinte ${version}, Node.js ${process.version}, ${cpus()[0].model}, ${cpus().length} processors`);
console.log(
  `Load before: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(" ")}. ${seconds} seconds each.\n`,
);
console.log(
  "| route | calls a second | processor µs | p50 ms | p99 ms | max ms | failed |\n| --- | --- | --- | --- | --- | --- | --- |",
);
const hashes = Array.from({ length: 5000 }, () => randomBytes(32).toString("hex"));
const lookups = hashes.map((hash) => ({ path: `/m/lookup?signal_type=pdq&signal=${hash}` }));

const bare = await start(join(root, "packages/server/tools/bare.mjs"));
const many = { connections: 32, requests: lookups };
const plain = await measure("a bare fastify route", bare, many);
await stop(bare.child);

const known = [];
const filled = await BankStore.open(join(data, "store.bank"));
for (const { signals } of filled.entries()) {
  if (known.length === 5000) break;
  known.push(...signals.filter(({ type }) => type === "pdq").map(({ value }) => value));
}
await filled.close();
const hits = { connections: 32, requests: known.map((hash) => ({ path: `/m/lookup?signal_type=pdq&signal=${hash}` })) };

const args = [program, "--data", data, "--listen", "127.0.0.1:0", "--open", "--log-level", "silent"];
const server = await start(...args);
const lookup = await measure("/m/lookup of a hash near nothing", server, many);
const hit = await measure("/m/lookup of a known hash", server, hits);

const noise = { type: "gaussian", mean: 128, sigma: 30 };
const jpeg = await sharp({ create: { width: 1155, height: 866, channels: 3, noise } })
  .jpeg()
  .toBuffer();
const uploads = { method: "POST", headers: { "content-type": "image/jpeg" }, body: jpeg };
const check = { child: server.child, url: `${server.url}/v1/check` };
const upload = await measure("/v1/check of a JPEG of 1 MP, 4 at a time", check, { connections: 4, ...uploads });

// The library alone, as the server calls it, four at a time.
const end = performance.now() + seconds * 1000;
let hashed = 0;
await Promise.all(
  Array.from({ length: 4 }, async () => {
    while (performance.now() < end) {
      await hashImage(jpeg, { orientations: true, digests: ["md5", "sha1", "sha256"], isolation: "process" });
      hashed++;
    }
  }),
);
const alone = hashed / seconds;
console.log(`| the library alone, 4 at a time | ${alone.toFixed(0)} | | | | | |`);

const used = memory(server.child.pid);
const second = await start(...args);
const secondUsed = memory(second.child.pid);
await stop(second.child);
await stop(server.child);
console.log(`
- A lookup costs ${(lookup.micros / plain.micros).toFixed(2)} times the bare route by processor time, ${(plain.rate / lookup.rate).toFixed(2)} times by calls a second.
- A lookup that finds something costs ${(hit.micros / plain.micros).toFixed(2)} times the bare route by processor time.
- An upload has ${((100 * upload.rate) / alone).toFixed(0)} % of the library's rate.
- Start: ${server.milliseconds.toFixed(0)} ms to the first answer, second process ${second.milliseconds.toFixed(0)} ms.
- Memory after the run: ${used.resident.toFixed(0)} MB resident, ${used.private.toFixed(0)} MB private. A second process: ${secondUsed.private.toFixed(0)} MB private.
- Load after: ${loadavg()[0].toFixed(1)}.`);
if (values.data === undefined) rmSync(data, { recursive: true, force: true });
