// Reads generated lists of N entries in several formats with openList, beside the parser alone on the same bytes
// (saxes, @streamparser/json, papaparse), which builds nothing. Each in a process of its own: its memory is not the
// others'. The first tenth warms up and is not counted.
//
//   node benchmarks/list-formats.mjs [--entries 1000000] [--seed 1] [--import] [--json]
//
// --import: also into a new BankStore.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer, count, inOwnProcess, jobOf, once, random, Report, settings } from "./lib.mjs";

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

/** Seconds of the clock and of the processor. */
const now = () => {
  const { user, system } = process.cpuUsage();
  return { seconds: performance.now() / 1000, processor: (user + system) / 1e6 };
};

/**
 * Each reads the whole list, calls `warm` after its first tenth, and returns how many entries came after that. What
 * making the list takes is not counted: it is in memory before the first call.
 */
const readers = {
  async parser({ format, entries }, list, warm) {
    const write = await parsers[formats[format].parser]();
    for (const [i, piece] of list.entries()) {
      if (i === Math.floor(list.length / 10)) warm();
      write(piece);
    }
    return entries - Math.floor(entries / 10);
  },
  async open({ format, entries }, list, warm) {
    const counted = { read: 0 };
    for await (const { signals } of await opened(format, entries, list, warm, counted)) {
      if (signals.length !== 3) throw new Error("an entry was not read");
    }
    return counted.read;
  },
  async import({ format, entries, folder }, list, warm) {
    const { BankStore } = await import("../dist/doors/bank.js");
    const store = await BankStore.create(join(folder, `${format}.bank`));
    store.createBank({ name: "b", policy: { action: "log", radius: 31, minQuality: 50 } });
    const counted = { read: 0 };
    await store.import({ bank: "b", source: "s" }, await opened(format, entries, list, warm, counted));
    return counted.read;
  },
};

async function opened(format, entries, list, warm, counted) {
  const { openList } = await import("../dist/doors/lists.js");
  const source = (async function* () {
    yield* list;
  })();
  const read = await openList(source, formats[format].options);
  const first = Math.floor(entries / 10);
  return (async function* () {
    let done = 0;
    for await (const batch of read.batches()) {
      for (const entry of batch) {
        if (done++ === first) warm();
        yield entry;
      }
    }
    counted.read = done - first;
  })();
}

async function measure(job) {
  const list = [...pieces(job.format, job.entries, job.seed)];
  const bytes = list.reduce((sum, piece) => sum + piece.length, 0);
  // The list's own bytes are in memory, so that no disk is measured: they are not counted.
  const before = process.memoryUsage.rss();
  let start = now();
  let read = 0;
  let processor = 0;
  const { milliseconds } = await once(async () => {
    read = await readers[job.reader](job, list, () => (start = now()));
    const end = now();
    processor = end.processor - start.processor;
    return { overriddenDuration: 1000 * (end.seconds - start.seconds) };
  });
  const more = Math.max(0, process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20;
  answer({ read, bytes, seconds: milliseconds / 1000, processor, moreMiB: more });
}

async function main() {
  const given = settings({ entries: 1_000_000, seed: 1 }, ["import"]);
  const { entries, seed } = given;
  const folder = await mkdtemp(join(tmpdir(), "empreinte-formats-"));
  try {
    const report = new Report("formats", given, { entries, seed });
    report.say("          entries for each second of processor time (of the clock)");
    for (const [format, { parser }] of Object.entries(formats)) {
      const job = { format, entries, seed, folder };
      const alone = await inOwnProcess(import.meta.url, { ...job, reader: "parser" });
      const open = await inOwnProcess(import.meta.url, { ...job, reader: "open" });
      const rate = ({ read, processor, seconds }) => `${count(read / processor)} (${count(read / seconds)})`;
      const size = `${(open.bytes / 2 ** 20).toFixed(0)} MiB`;
      const memory = `${open.moreMiB.toFixed(0)} MiB more at the peak`;
      report.result(format, open, `${format.padEnd(9)} ${size}, ${rate(open)} entries a second, ${memory}`);
      const ratio = open.processor / open.read / (alone.processor / alone.read);
      const times = `openList takes ${ratio.toFixed(1)} times as long`;
      report.result(
        `${format}, ${parser} alone`,
        { ...alone, ratio },
        `          ${parser} alone ${rate(alone)}; ${times}`,
      );
      if (!given.import) continue;
      const stored = await inOwnProcess(import.meta.url, { ...job, reader: "import" });
      const peak = `${stored.moreMiB.toFixed(0)} MiB more at the peak`;
      report.result(`${format}, import`, stored, `          into a bank ${rate(stored)}, ${peak}`);
    }
    report.end();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const job = await jobOf();
if (job === undefined) await main();
else await measure(job);
