// Entries of a simulated NCMEC over HTTP, against the import of the same entries from a file.
// npm run bench:exchange -- [--entries 300000]
// Also by the processor time of this process alone, which other work on the machine changes little.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BankStore } from "empreinte/bank";
import { openList } from "empreinte/lists";
import { openClient, runSource, systemEnvironment } from "../../packages/exchange/dist/index.js";

const { values } = parseArgs({ options: { entries: { type: "string", default: "300000" } } });
const entries = Number(values.entries);
const folder = mkdtempSync(join(tmpdir(), "empreinte-bench-"));
const program = join(import.meta.dirname, "../../packages/exchange/dist/main.js");
const simulator = spawn(process.execPath, [program, "simulate", "ncmec", "--entries", String(entries)]);
const [line] = await once(simulator.stdout, "data");
const base = /http:\S+/.exec(String(line))[0];
process.on("exit", () => {
  simulator.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs it on a new store, and answers entries a second, and entries a second of processor time. */
async function rates(name, fill) {
  const store = await BankStore.create(join(folder, `${name}.bank`));
  store.createBank({ name: "bank" });
  const [start, before] = [performance.now(), process.cpuUsage()];
  await fill(store);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const [{ active }] = store.sources();
  if (active !== entries) throw new Error(`${name}: ${active} entries instead of ${entries}`);
  await store.close();
  return { rate: entries / seconds, ofProcessor: (1e6 * entries) / (user + system) };
}

const value = (i) => createHash("sha256").update(`simulated ${i}`).digest("hex");
const element = (_, i) =>
  `<image><member id="42">Member 42</member><timestamp>2026-01-01T00:00:00Z</timestamp><id>${i}</id>` +
  `<classification>A1</classification><fingerprints><pdq>${value(i)}</pdq></fingerprints></image>`;
const file = join(folder, "list.xml");
const images = Array.from({ length: entries }, element).join("");
writeFileSync(file, `<queryResult><images count="${entries}">${images}</images><videos count="0"/></queryResult>`);

// Entries of the last seconds are not fetched yet.
const environment = {
  ...systemEnvironment,
  now: () => Date.now() + 60_000,
  variables: { USER: "user", PASSWORD: "password" },
};
const secrets = { user: "env:USER", password: "env:PASSWORD" };
const fromFile = await rates("file", async (store) => {
  const list = await openList(file);
  await store.import({ bank: "bank", source: "file" }, list.batches());
});
/** The most memory until a quarter of the entries, and until the end. */
const most = { quarter: 0, end: 0 };
const overHttp = await rates("http", async (store) => {
  const client = await openClient({ kind: "ncmec", base, secrets, options: {} }, environment);
  const onPage = ({ added }) => {
    most.end = Math.max(most.end, process.memoryUsage.rss());
    if (added <= entries / 4) most.quarter = most.end;
  };
  await runSource(store, { bank: "bank", source: "http" }, client, { environment, onPage });
  await client.close();
});
console.log(
  `${cpus()[0].model}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}, Node.js ${process.version}`,
);
const print = (name, { rate, ofProcessor }) =>
  console.log(`${name}: ${Math.round(rate)} a second, ${Math.round(ofProcessor)} a second of processor time`);
print(`${entries} entries from a file`, fromFile);
print(`${entries} entries over HTTP`, overHttp);
const ratio = (name) => (overHttp[name] / fromFile[name]).toFixed(2);
console.log(`over HTTP at ${ratio("rate")} of the file's rate, ${ratio("ofProcessor")} by processor time`);
const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
console.log(
  `at most ${megabytes(most.quarter)} MiB until a quarter of the entries, ${megabytes(most.end)} MiB until the end`,
);
process.exit();
