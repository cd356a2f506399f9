// A bank of a million entries: import, opening, check, withdrawal, beside the plain HashIndex with the same hashes and
// beside a naive table in the same kind of store (a row a hash, read from end to end for each query).
//
//   node benchmarks/bank.mjs [--entries 1000000] [--seed 1] [--checks 500]
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Libsql from "libsql";
import { BankStore, diagnose, HashIndex, Matcher } from "../dist/index.js";

const { values } = parseArgs({
  options: { entries: { type: "string" }, seed: { type: "string" }, checks: { type: "string" } },
});
const entries = Number(values.entries ?? 1_000_000);
const seed = Number(values.seed ?? 1);
const checks = Number(values.checks ?? 500);

/** xorshift32, so that a seed names the same hashes everywhere. */
function randomBytes(count, from) {
  let state = from >>> 0 || 1;
  const words = new Uint32Array(count / 4);
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer);
}

const hashes = randomBytes(32 * entries, seed);
const hash = (i) => hashes.subarray(32 * i, 32 * i + 32);
/** A known hash with five bits flipped, or an unknown one. */
const strangers = randomBytes(32 * checks, seed + 1);
function query(i) {
  if (i % 2 === 0) return strangers.subarray(32 * i, 32 * i + 32);
  const near = Buffer.from(hash((i * 7919) % entries));
  near[3] ^= 0b11111;
  return near;
}

const tenth = Math.floor(entries / 10);
function* records(from, to) {
  for (let i = from; i < to; i++) {
    yield {
      id: `entry-${i}`,
      signals: [{ type: "pdq", value: hash(i) }],
      labels: [`ncmec:A${1 + (i % 2)}`],
      time: 1e12 + i,
    };
  }
}

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}
const line = (name, text) => console.log(`${name.padEnd(22)} ${text}`);
const ms = (value) => `${value.toFixed(value < 10 ? 3 : 0)} ms`;

const folder = await mkdtemp(join(tmpdir(), "empreinte-bank-"));
try {
  line("machine", `${cpus()[0]?.model ?? process.arch}, ${cpus().length} cores, Node ${process.version}`);
  line("kernel", (await diagnose()).kernel);
  line("bank", `N = ${entries} entries of one PDQ hash, two sources of 10 % and 90 %, seed ${seed}`);

  const path = join(folder, "known.bank");
  let store = await BankStore.create(path);
  store.createBank({ name: "b", policy: { action: "block" } });
  const [taken] = await timed(async () => {
    await store.import({ bank: "b", source: "small" }, records(0, tenth));
    await store.import({ bank: "b", source: "large" }, records(tenth, entries));
  });
  line("import", `${Math.round((1000 * entries) / taken).toLocaleString("en")} entries a second, ready to match`);
  line(
    "memory",
    `peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB, of which the hashes themselves ${Math.round(hashes.length / 2 ** 20)}`,
  );
  const [again] = await timed(() => store.import({ bank: "b", source: "small" }, records(0, tenth)));
  line(
    "the same again",
    `${Math.round((1000 * tenth) / again).toLocaleString("en")} entries a second, nothing changed`,
  );
  await store.close();
  const [opening, opened] = await timed(() => BankStore.open(path));
  store = opened;
  line("open", ms(opening));
  await store.close();
  await rm(`${path}.index`);
  const [rebuilding, rebuilt] = await timed(() => BankStore.open(path));
  store = rebuilt;
  line("open, no index", ms(rebuilding));
  await store.saveIndex();
  await store.close();
  store = await BankStore.open(path);

  const index = new HashIndex();
  await index.addMany(
    Float64Array.from({ length: entries }, (_, i) => i),
    hashes,
  );
  await index.optimize();
  const matcher = new Matcher(store);
  const asked = Array.from({ length: checks }, (_, i) => query(i));
  const texts = asked.map((one) => one.toString("hex"));
  const decide = () => texts.map((text) => matcher.check({ hash: text, quality: 100, stable: true }).matches.length);
  const search = () => asked.map((one) => index.searchSync(one, 31).length);
  decide();
  search();
  const [checked, matches] = await timed(decide);
  const [searched, hits] = await timed(search);
  if (matches.join() !== hits.join()) throw new Error("check and index do not find the same");
  line("check", `${ms(checked / checks)} each, ${ms((checked - searched) / checks)} more than HashIndex alone`);
  line("HashIndex", `${ms(searched / checks)} each`);

  const table = new Libsql(join(folder, "table.db"));
  table.exec("CREATE TABLE known (id INTEGER PRIMARY KEY, hash BLOB)");
  table.exec("BEGIN");
  const row = table.prepare("INSERT INTO known SELECT key, substr(?, key * 32 + 1, 32) FROM json_each(?)");
  row.run([hashes, `[${"0,".repeat(entries - 1)}0]`]);
  table.exec("COMMIT");
  const naive = (wanted) => {
    let found = 0;
    for (const [, known] of table.prepare("SELECT id, hash FROM known").raw().iterate([])) {
      let distance = 0;
      for (let i = 0; i < 32 && distance <= 31; i++) {
        for (let bits = known[i] ^ wanted[i]; bits !== 0; bits &= bits - 1) distance++;
      }
      if (distance <= 31) found++;
    }
    return found;
  };
  const [scanned, found] = await timed(() => [0, 1].map((i) => naive(asked[i])));
  if (found.join() !== hits.slice(0, 2).join()) throw new Error("the table does not find the same");
  line(
    "naive table scan",
    `${ms(scanned / 2)} each: ${Math.round(scanned / 2 / (checked / checks)).toLocaleString("en")} times a check`,
  );
  table.close();

  const singles = [];
  for (let i = 0; i < 9; i++) {
    singles.push(await store.withdraw({ bank: "b", source: "large", entry: `entry-${tenth + 1000 * i + 1}` }));
    await store.saveIndex();
  }
  const middle = (name) => singles.map((one) => one[name]).sort((a, b) => a - b)[4];
  line(
    "withdraw one",
    `stops matching after ${ms(middle("stoppedAfter"))}, gone after ${ms(middle("goneAfter"))} (median of 9)`,
  );
  const whole = await store.withdraw({ bank: "b", source: "small" });
  line(
    `withdraw ${whole.entries}`,
    `stops matching after ${ms(whole.stoppedAfter)}, gone after ${ms(whole.goneAfter)}`,
  );
  await store.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
