// Reads generated lists of N entries in several formats with openList, beside the parser alone on the same bytes (saxes,
// @streamparser/json, papaparse), which builds nothing. Each in a process of its own: its memory is not the others'. The
// first tenth warms up and is not counted.
//
//   node benchmarks/list-formats.mjs [--entries 1000000] [--seed 1] [--import]
//
// --import: also into a new BankStore.
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** A small generator of known quality (xorshift32), so that a seed names the same list everywhere. */
function random(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}

const formats = {
  ncmec: {
    options: {},
    head: '<?xml version="1.0"?><queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>\n',
    entry: (i, { md5, sha1, pdq, time }) =>
      `<image><member id="42">Example</member><timestamp>${time}</timestamp><id>image${i}</id><classification>A1</classification><fingerprints><md5>${md5}</md5><sha1>${sha1}</sha1><pdq>${pdq}</pdq></fingerprints></image>\n`,
    tail: "</images></queryResult>\n",
    parser: "saxes",
  },
  csv: {
    options: {
      columns: { id: "id", md5: "md5", sha1: "sha1", pdq: "pdq", labels: { iwf: "severity" }, time: "changed" },
    },
    head: "id,md5,sha1,pdq,severity,changed\n",
    entry: (i, { md5, sha1, pdq, time }) => `${i},${md5},${sha1},${pdq},A,${time}\n`,
    tail: "",
    parser: "papaparse",
  },
  "vics-2.0": {
    options: {},
    head: '{"@odata.context":"http://example.test/2.0.xml/US/$metadata#Media","value":[\n',
    entry: (i, { md5, sha1, pdq, time }) =>
      `${i === 0 ? "" : ",\n"}{"MediaID":${i},"Category":1,"MD5":"${md5.toUpperCase()}","SHA1":"${sha1.toUpperCase()}","DateUpdated":"${time}","AlternativeHashes":[{"HashName":"PDQ","HashValue":"${pdq}"}]}`,
    tail: "]}\n",
    parser: "@streamparser/json",
  },
};

/** The list in pieces of 64 KiB; hashes are of a pool, for making them takes longer than reading them. */
function* pieces(format, entries, seed) {
  const { head, entry, tail } = formats[format];
  const next = random(seed);
  const digits = (count) => Array.from({ length: count / 8 }, () => next().toString(16).padStart(8, "0")).join("");
  const pool = Array.from({ length: 4096 }, () => ({ md5: digits(32), sha1: digits(40), pdq: digits(64) }));
  let text = head;
  for (let i = 0; i < entries; i++) {
    const time = new Date(1_770_000_000_000 + i).toISOString();
    text += entry(i, { ...pool[next() % pool.length], time });
    if (text.length < 65_536) continue;
    yield Buffer.from(text);
    text = "";
  }
  yield Buffer.from(text + tail);
}

/** What the parser alone does with the bytes. */
const parsers = {
  async saxes() {
    const { SaxesParser } = await import("saxes");
    const parser = new SaxesParser({ position: true });
    for (const name of ["opentag", "closetag", "text"]) parser.on(name, () => {});
    return (bytes) => void parser.write(bytes.toString());
  },
  async papaparse() {
    const { default: Papa } = await import("papaparse");
    let rest = "";
    return (bytes) => {
      const text = rest + bytes.toString();
      const { meta } = new Papa.Parser({ newline: "\n" }).parse(text, 0, true);
      rest = text.slice(meta.cursor);
    };
  },
  async "@streamparser/json"() {
    const { JSONParser } = await import("@streamparser/json");
    const parser = new JSONParser({ paths: ["$.value.*"], keepStack: false, stringBufferSize: 65_536 });
    parser.onValue = () => {};
    return (bytes) => void parser.write(bytes);
  },
};

const now = () => {
  const { user, system } = process.cpuUsage();
  return { seconds: performance.now() / 1000, cpu: (user + system) / 1e6 };
};

/** Processor time without what making the list takes: that is measured apart. */
async function child({ format, entries, seed, what, folder }) {
  const list = [...pieces(format, entries, seed)];
  const bytes = list.reduce((sum, piece) => sum + piece.length, 0);
  const before = process.memoryUsage.rss();
  const warm = Math.floor(entries / 10);
  let read = 0;
  let start = now();
  if (what === "parser") {
    const write = await parsers[formats[format].parser]();
    for (const [i, piece] of list.entries()) {
      if (i === Math.floor(list.length / 10)) start = now();
      write(piece);
    }
    read = entries - warm;
  } else {
    const { BankStore, openList } = await import("../dist/index.js");
    const source = (async function* () {
      yield* list;
    })();
    const opened = await openList(source, formats[format].options);
    const each = async function* () {
      let count = 0;
      for await (const batch of opened.batches()) {
        for (const entry of batch) {
          if (count++ === warm) start = now();
          yield entry;
        }
      }
      read = count - warm;
    };
    if (what === "import") {
      const store = await BankStore.create(join(folder, `${format}.bank`));
      store.createBank({ name: "b", policy: { action: "log", radius: 31, minQuality: 50 } });
      await store.import({ bank: "b", source: "s" }, each());
      const end = now();
      process.send({ read, bytes, seconds: end.seconds - start.seconds, cpu: end.cpu - start.cpu, peak: peak(before) });
      await store.close();
      process.exit();
    }
    for await (const entry of each()) if (entry.signals.length !== 3) throw new Error("an entry was not read");
  }
  const end = now();
  process.send({ read, bytes, seconds: end.seconds - start.seconds, cpu: end.cpu - start.cpu, peak: peak(before) });
}

/** The list's own bytes lie in memory, so that no disk is measured: they are not counted. */
const peak = (before) => Math.max(0, process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20;

function measure(job) {
  const started = fork(new URL(import.meta.url), [], { env: { ...process.env, LIST_JOB: JSON.stringify(job) } });
  return new Promise((resolve, reject) => {
    started.once("message", resolve);
    started.once("error", reject);
    started.once("exit", (code) => reject(new Error(`${job.format} ended with ${code}`)));
  });
}

async function main() {
  const options = { entries: { type: "string" }, seed: { type: "string" }, import: { type: "boolean" } };
  const { values } = parseArgs({ options });
  const entries = Number(values.entries ?? 1_000_000);
  const seed = Number(values.seed ?? 1);
  const folder = await mkdtemp(join(tmpdir(), "empreinte-formats-"));
  const count = (n) => Math.round(n).toLocaleString("en");
  try {
    console.log(`machine   ${cpus()[0]?.model ?? process.arch}, Node ${process.version}`);
    console.log(`lists     N = ${count(entries)} entries, seed ${seed}; a second of processor time, (of the clock)`);
    for (const [format, { parser }] of Object.entries(formats)) {
      const job = { format, entries, seed, folder };
      const alone = await measure({ ...job, what: "parser" });
      const open = await measure({ ...job, what: "open" });
      const rate = ({ read, cpu, seconds }) => `${count(read / cpu)} (${count(read / seconds)})`;
      const size = `${(open.bytes / 2 ** 20).toFixed(0)} MiB`;
      console.log(
        `${format.padEnd(9)} ${size}, ${rate(open)} entries a second, ${open.peak.toFixed(0)} MiB more at the peak`,
      );
      const ratio = (open.cpu / open.read / (alone.cpu / alone.read)).toFixed(1);
      console.log(`          ${parser} alone ${rate(alone)}; openList takes ${ratio} times as long`);
      if (values.import !== true) continue;
      const stored = await measure({ ...job, what: "import" });
      console.log(`          into a bank ${rate(stored)}, ${stored.peak.toFixed(0)} MiB more at the peak`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.env.LIST_JOB) await child(JSON.parse(process.env.LIST_JOB));
else await main();
