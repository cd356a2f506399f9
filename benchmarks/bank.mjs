// A bank of a million entries: import of a CSV and of NCMEC's XML, opening, check, withdrawal, beside the plain HashIndex
// with the same hashes and beside a naive table in the same kind of store (a row a hash, read from end to end for each
// query). A check asks for the eight turns of an upload, as checkImage does.
//
//   node benchmarks/bank.mjs [--entries 1000000] [--seed 1] [--checks 500]
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Libsql from "libsql";
import { BankStore, Matcher } from "../dist/doors/bank.js";
import { diagnose, orientationNames, HashIndex } from "../dist/index.js";
import { openList } from "../dist/doors/lists.js";

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
const time = (i) => new Date(1.7e12 + 1000 * i).toISOString();
const encoder = new TextEncoder();

/** The same entries in the two formats. */
function* csv(from, to) {
  yield encoder.encode("id,pdq,quality,label,changed\n");
  for (let i = from; i < to; i += 1000) {
    let text = "";
    for (let k = i; k < Math.min(to, i + 1000); k++) {
      text += `entry-${k},${hash(k).toString("hex")},${50 + (k % 51)},A${1 + (k % 2)},${time(k)}\n`;
    }
    yield encoder.encode(text);
  }
}
function* xml(from, to) {
  yield encoder.encode(
    '<?xml version="1.0"?>\n<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">\n<images>\n',
  );
  for (let i = from; i < to; i += 1000) {
    let text = "";
    for (let k = i; k < Math.min(to, i + 1000); k++) {
      text += `<image><member id="42">Example</member><timestamp>${time(k)}</timestamp><id>entry-${k}</id><classification>A${1 + (k % 2)}</classification><fingerprints><pdq>${hash(k).toString("hex")}</pdq></fingerprints></image>\n`;
    }
    yield encoder.encode(text);
  }
  yield encoder.encode("</images>\n</queryResult>\n");
}
/** In a file, so that what is timed is reading it and not making it. */
async function inFile(name, chunks) {
  const path = join(folder, name);
  await writeFile(path, chunks);
  return path;
}
const columns = { id: "id", pdq: "pdq", quality: "quality", time: "changed", labels: { ncmec: "label" } };
const lists = {
  CSV: async (from, to) => openList(await inFile("list.csv", csv(from, to)), { columns }),
  "NCMEC XML": async (from, to) => openList(await inFile("list.xml", xml(from, to))),
};
async function importList(store, source, list) {
  const at = performance.now();
  let first;
  const counts = await store.import({ bank: "b", source }, list.batches(), {
    // The first batches are for warming up.
    onProgress: (_, taken) => {
      if (first === undefined && taken >= tenth) first = { taken, at: performance.now() };
    },
  });
  const end = performance.now();
  const warm = first === undefined ? undefined : (1000 * (entries - first.taken)) / (end - first.at);
  return { counts, seconds: (end - at) / 1000, warm };
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

  const rate = (value) => `${Math.round(value).toLocaleString("en")} entries a second`;
  for (const [name, open] of Object.entries(lists)) {
    const list = await open(0, entries);
    let read = 0;
    const [parsing] = await timed(async () => {
      for await (const items of list.batches()) read += items.length;
    });
    line(`${name} alone`, `${rate((1000 * read) / parsing)}, parsed and thrown away`);
    const other = await BankStore.create(join(folder, `${name}.bank`));
    other.createBank({ name: "b" });
    const { counts, seconds, warm } = await importList(other, "s", await open(0, entries));
    if (counts.added !== entries) throw new Error("not all were imported");
    line(`import ${name}`, `${rate(entries / seconds)}, ready to match; ${rate(warm ?? 0)} after the first tenth`);
    await other.close();
    for (const end of ["", ".index"]) await rm(join(folder, `${name}.bank${end}`));
  }
  const path = join(folder, "known.bank");
  let store = await BankStore.create(path);
  store.createBank({ name: "b", policy: { action: "block" } });
  const all = (from, to) => lists.CSV(from, to);
  await importList(store, "small", await all(0, tenth));
  await importList(store, "large", await all(tenth, entries));
  line(
    "memory",
    `peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB, of which the hashes themselves ${Math.round(hashes.length / 2 ** 20)}`,
  );
  const small = await all(0, tenth);
  const [again] = await timed(() => importList(store, "small", small));
  line("the same again", `${rate((1000 * tenth) / again)}, nothing changed`);
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
  // The other seven turns are of nothing that is known.
  const turns = randomBytes(32 * 7 * checks, seed + 2);
  const uploads = asked.map((one, i) => Buffer.concat([one, turns.subarray(224 * i, 224 * (i + 1))]));
  const queries = uploads.map((all) => {
    const texts = orientationNames.map((_, k) => all.toString("hex", 32 * k, 32 * k + 32));
    const orientations = Object.fromEntries(orientationNames.map((name, k) => [name, texts[k]]));
    return { hash: texts[0], quality: 100, stable: true, orientations };
  });
  const found = { check: [], index: [] };
  const took = { check: [], index: [] };
  /** One after the other for each upload, so that what else the machine does strikes both. */
  const round = () => {
    for (const [i, upload] of uploads.entries()) {
      const at = performance.now();
      found.index[i] = index.searchManySync(upload, { radius: 31 }).flat().length;
      const middle = performance.now();
      took.index.push(middle - at);
      found.check[i] = matcher.check(queries[i]).matches.length;
      took.check.push(performance.now() - middle);
    }
  };
  round();
  took.check.length = took.index.length = 0;
  for (let i = 0; i < 5; i++) round();
  if (found.check.join() !== found.index.join()) throw new Error("check and index do not find the same");
  const median = (some) => some.toSorted((a, b) => a - b)[some.length >> 1];
  const mean = (some) => some.reduce((sum, one) => sum + one, 0) / some.length;
  for (const [name, of] of [
    ["median", median],
    ["mean", mean],
  ]) {
    const [checked, searched] = [of(took.check), of(took.index)];
    line(
      `check, ${name}`,
      `${ms(checked)} each, ${ms(checked - searched)} more than HashIndex alone (${ms(searched)})`,
    );
  }
  const checked = mean(took.check);

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
  const [scanned, hits] = await timed(() => [0, 1].map((i) => naive(asked[i])));
  if (hits.join() !== found.index.slice(0, 2).join()) throw new Error("the table does not find the same");
  line(
    "naive table scan",
    `${ms(scanned / 2)} for one turn: ${Math.round(scanned / 2 / checked).toLocaleString("en")} times a check of eight`,
  );
  table.close();

  const singles = [];
  for (let i = 0; i < 9; i++) {
    singles.push(await store.withdraw({ bank: "b", source: "large", entryId: `entry-${tenth + 1000 * i + 1}` }));
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
