// A bank of a million entries: import of a CSV and of NCMEC's XML, opening, check, withdrawal, beside the plain
// HashIndex with the same hashes and beside a naive table in the same kind of store (a row a hash, read from end to end
// for each query). A check asks for the eight turns of an upload, as checkImage does.
//
//   node benchmarks/bank.mjs [--entries 1000000] [--seed 1] [--checks 500] [--json]
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { BankStore, Matcher } from "../dist/doors/bank.js";
import { diagnose, orientationNames, HashIndex } from "../dist/index.js";
import { openList } from "../dist/doors/lists.js";
import { compare, count, median, milliseconds as ms, once, randomBytes, Report, settings } from "./lib.mjs";

const given = settings({ entries: 1_000_000, checks: 500, seed: 1 });
const { entries, checks, seed } = given;

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
/** Imports the list; the rate after its first tenth is warmed up, of the clock. */
async function importList(store, source, list) {
  let first;
  const onProgress = (_, taken) => {
    if (first === undefined && taken >= tenth) first = { taken, at: performance.now() };
  };
  const { result: counts, milliseconds } = await once(() =>
    store.import({ bank: "b", source }, list.batches(), { onProgress }),
  );
  const warm = first === undefined ? 0 : (1000 * (entries - first.taken)) / (performance.now() - first.at);
  return { counts, seconds: milliseconds / 1000, warm };
}

const folder = await mkdtemp(join(tmpdir(), "empreinte-bank-"));
try {
  const { kernel } = await diagnose();
  const report = new Report("bank", given, { kernel, entries, sources: "of 10 % and 90 %", seed });
  const line = (name, figures, text) => report.result(name, figures, `${name.padEnd(22)} ${text}`);
  const rate = (value) => `${count(value)} entries a second`;
  for (const [name, open] of Object.entries(lists)) {
    const list = await open(0, entries);
    let read = 0;
    const { milliseconds: parsing } = await once(async () => {
      for await (const items of list.batches()) read += items.length;
    });
    line(
      `${name} alone`,
      { entriesPerSecond: (1000 * read) / parsing },
      `${rate((1000 * read) / parsing)}, parsed and thrown away`,
    );
    const other = await BankStore.create(join(folder, `${name}.bank`));
    other.createBank({ name: "b" });
    const { counts, seconds, warm } = await importList(other, "s", await open(0, entries));
    if (counts.added !== entries) throw new Error("not all were imported");
    const figures = { entriesPerSecond: entries / seconds, warmEntriesPerSecond: warm };
    line(`import ${name}`, figures, `${rate(entries / seconds)}, ready to match; ${rate(warm)} after the first tenth`);
    await other.close();
    for (const end of ["", ".index"]) await rm(join(folder, `${name}.bank${end}`));
  }
  const path = join(folder, "known.bank");
  let store = await BankStore.create(path);
  store.createBank({ name: "b", policy: { action: "block" } });
  const all = (from, to) => lists.CSV(from, to);
  await importList(store, "small", await all(0, tenth));
  await importList(store, "large", await all(tenth, entries));
  const [peakMiB, hashesMiB] = [process.resourceUsage().maxRSS / 1024, hashes.length / 2 ** 20];
  const peak = `peak ${Math.round(peakMiB)} MiB, of which the hashes themselves ${Math.round(hashesMiB)}`;
  line("memory", { peakMiB, hashesMiB }, peak);
  const small = await all(0, tenth);
  const { milliseconds: again } = await once(() => importList(store, "small", small));
  line(
    "the same again",
    { entriesPerSecond: (1000 * tenth) / again },
    `${rate((1000 * tenth) / again)}, nothing changed`,
  );
  await store.close();
  const opening = await once(() => BankStore.open(path));
  store = opening.result;
  line("open", { milliseconds: opening.milliseconds }, ms(opening.milliseconds));
  await store.close();
  await rm(`${path}.index`);
  const rebuilding = await once(() => BankStore.open(path));
  store = rebuilding.result;
  line("open, no index", { milliseconds: rebuilding.milliseconds }, ms(rebuilding.milliseconds));
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
  const wanted = Array.from({ length: checks }, (_, i) => query(i));
  // The other seven turns are of nothing that is known.
  const turns = randomBytes(32 * 7 * checks, seed + 2);
  const uploads = wanted.map((one, i) => Buffer.concat([one, turns.subarray(224 * i, 224 * (i + 1))]));
  const queries = uploads.map((all) => {
    const texts = orientationNames.map((_, k) => all.toString("hex", 32 * k, 32 * k + 32));
    const orientations = Object.fromEntries(orientationNames.map((name, k) => [name, texts[k]]));
    return { hash: texts[0], quality: 100, stable: true, orientations };
  });
  const found = { check: [], index: [] };
  const next = { check: 0, index: 0 };
  /** Each call takes the next upload, so a turn goes once through all of them. */
  const compared = await compare(
    {
      HashIndex: () => {
        const i = next.index++ % checks;
        found.index[i] = index.searchManySync(uploads[i], { radius: 31 }).flat().length;
      },
      check: () => {
        const i = next.check++ % checks;
        found.check[i] = matcher.check(queries[i]).matches.length;
      },
    },
    { iterations: checks, turns: 5 },
  );
  if (found.check.join() !== found.index.join()) throw new Error("check and index do not find the same");
  report.ratios("Eight orientations of an upload", compared, { peer: "HashIndex" });
  const more = compared.check.median - compared.HashIndex.median;
  line("check", { moreMilliseconds: more }, `${ms(more)} more than HashIndex alone, by the medians`);
  const checked = compared.check.mean;
  report.say();

  const table = new Libsql(join(folder, "table.db"));
  table.exec("CREATE TABLE known (id INTEGER PRIMARY KEY, hash BLOB)");
  table.exec("BEGIN");
  const row = table.prepare("INSERT INTO known SELECT key, substr(?, key * 32 + 1, 32) FROM json_each(?)");
  row.run([hashes, `[${"0,".repeat(entries - 1)}0]`]);
  table.exec("COMMIT");
  const naive = (query) => {
    let found = 0;
    for (const [, known] of table.prepare("SELECT id, hash FROM known").raw().iterate([])) {
      let distance = 0;
      for (let i = 0; i < 32 && distance <= 31; i++) {
        for (let bits = known[i] ^ query[i]; bits !== 0; bits &= bits - 1) distance++;
      }
      if (distance <= 31) found++;
    }
    return found;
  };
  const { result: hits, milliseconds: scanned } = await once(() => [0, 1].map((i) => naive(wanted[i])));
  if (hits.join() !== found.index.slice(0, 2).join()) throw new Error("the table does not find the same");
  const times = scanned / 2 / checked;
  const naively = `${ms(scanned / 2)} for one orientation: ${count(times)} times a check of eight`;
  line("naive table scan", { milliseconds: scanned / 2, ratio: times }, naively);
  table.close();

  const removal = (name, { stoppedAfter, goneAfter }, more = "") => {
    const said = `stops matching after ${ms(stoppedAfter)}, gone after ${ms(goneAfter)}${more}`;
    line(name, { stoppedAfterMilliseconds: stoppedAfter, goneAfterMilliseconds: goneAfter }, said);
  };
  const singles = [];
  for (let i = 0; i < 9; i++) {
    singles.push(await store.withdraw({ bank: "b", source: "large", entryId: `entry-${tenth + 1000 * i + 1}` }));
    await store.saveIndex();
  }
  const middle = (name) => median(singles.map((one) => one[name]));
  removal("withdraw one", { stoppedAfter: middle("stoppedAfter"), goneAfter: middle("goneAfter") }, " (median of 9)");
  const whole = await store.withdraw({ bank: "b", source: "small" });
  removal(`withdraw ${whole.entries}`, whole);
  await store.close();
  report.end();
} finally {
  await rm(folder, { recursive: true, force: true });
}
