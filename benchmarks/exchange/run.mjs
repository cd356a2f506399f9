// Entries of a simulated NCMEC over HTTP, against the import of the same entries from a file.
// npm run bench:exchange -- [--entries 100000]
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

const { values } = parseArgs({ options: { entries: { type: "string", default: "100000" } } });
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

/** Runs it on a new store, and answers entries a second. */
async function rate(name, fill) {
  const store = await BankStore.create(join(folder, `${name}.bank`));
  store.createBank({ name: "bank" });
  const start = performance.now();
  await fill(store);
  const seconds = (performance.now() - start) / 1000;
  const [{ active }] = store.sources();
  if (active !== entries) throw new Error(`${name}: ${active} entries instead of ${entries}`);
  await store.close();
  return entries / seconds;
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
const fromFile = await rate("file", async (store) => {
  const list = await openList(file);
  await store.import({ bank: "bank", source: "file" }, list.batches());
});
let most = 0;
const overHttp = await rate("http", async (store) => {
  const client = await openClient({ kind: "ncmec", base, secrets, options: {} }, environment);
  const onPage = () => (most = Math.max(most, process.memoryUsage().rss));
  await runSource(store, { bank: "bank", source: "http" }, client, { environment, onPage });
  await client.close();
});
console.log(
  `${cpus()[0].model}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}, Node.js ${process.version}`,
);
console.log(`${entries} entries from a file: ${Math.round(fromFile)} a second`);
console.log(
  `${entries} entries over HTTP: ${Math.round(overHttp)} a second, ${(overHttp / fromFile).toFixed(2)} of the file's rate`,
);
console.log(`at most ${Math.round(most / 2 ** 20)} MB of memory`);
process.exit();
