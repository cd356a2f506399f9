import { describe, expect, test } from "vitest";
import { HashList } from "../../../dist/index.js";
import { random } from "../../support/hashes.ts";
import { hexHashes, read, readSource, reasons } from "../../support/lists.ts";
import { root, succeed } from "../../support/run.ts";

const [a, b, c] = hexHashes(3, 41) as [string, string, string];
const header = "signal_type,signal_str,collab,category,tags\n";

describe("good entries are delivered, and bad ones are reported with line and reason", () => {
  test("a list with everything in it", async () => {
    const lines = [
      "\ufeffhash,metadata",
      `${a},good`,
      "", // blank
      `${b}\0,NUL`,
      `${b.toUpperCase()},upper case`,
      b.slice(1), // odd length
      `${b.slice(0, 63)}z`,
      "0".repeat(64),
      "F".repeat(64),
      "0".repeat(32), // 32 zeros
      "1234".repeat(16),
      `x${"y".repeat(70_000)}`,
      ",no hash",
      "\u0007\u001b[31m",
      `pdq ${c}`,
      `0x${c},last`,
    ];
    for (const end of ["\n", "\r\n"]) {
      expect(await read(lines.join(end))).toEqual({
        entries: [
          [2, a, "good"],
          [5, b, "upper case"],
          [16, c, "last"],
        ],
        problems: [
          [4, reasons.nul],
          [6, reasons.length],
          [7, reasons.character],
          [8, reasons.zero],
          [9, reasons.one],
          [10, reasons.length],
          [11, reasons.periodic],
          [12, reasons.long],
          [13, reasons.missing],
          [14, reasons.length],
          [15, reasons.length],
        ],
      });
    }
  });

  test("trivial hashes are loaded only when allowed", async () => {
    const trivial = ["0".repeat(64), "f".repeat(64), "c3".repeat(32), `${"0".repeat(60)}00ff`];
    const list = Buffer.from(`${trivial.join("\n")}\n${a}\n`);
    const strict = await HashList.load(list);
    expect(strict.lists).toMatchObject([{ entries: 1, problems: 4 }]);
    const blank = { hash: "0".repeat(64), quality: 100, stable: true };
    expect(strict.searchSync(blank)).toEqual([]);
    const lenient = await HashList.load(list, { allowTrivialHashes: true });
    expect(lenient.lists).toMatchObject([{ entries: 5, problems: 0 }]);
    expect(lenient.searchSync(blank)).toMatchObject([
      { distance: 0, line: 1 },
      { distance: 8, line: 4 },
    ]);
  });

  test("a line of 10 MB, between good ones, at the end, and as the whole file", async () => {
    const long = "a".repeat(10_000_000);
    const reported = {
      entries: [
        [1, a, ""],
        [3, b, ""],
      ],
      problems: [[2, reasons.long]],
    };
    expect(await read(`${a}\n${long}\n${b}`)).toEqual(reported);
    expect((await read(`${a}\n${long}`)).problems).toEqual([[2, reasons.long]]);
    expect(await read(long)).toEqual({ entries: [], problems: [[1, reasons.long]] });
    expect(await read(`${header}pdq,${a},"${long}",,\npdq,${b},,,\n`)).toEqual({
      entries: [[3, b, ""]],
      problems: [[2, reasons.long]],
    });
  });

  test("10 MB of NULs", async () => {
    expect((await readSource(new Uint8Array(10_000_000))).problems).toEqual([[1, reasons.long]]);
    expect((await read(`${a}\n${"\0\n".repeat(1000)}${b}`)).entries.map(([line]) => line)).toEqual([1, 1002]);
  });

  test("UTF-16 is no text that a list can be", async () => {
    const { entries, problems } = await readSource(Buffer.from(`\ufeff${a}\n${b}\n`, "utf16le"));
    expect(entries).toEqual([]);
    expect(problems.slice(0, 2)).toEqual([
      [1, reasons.nul],
      [2, reasons.nul],
    ]);
  });

  test("a quote that never ends does not swallow the lines after it, however many", async () => {
    const good = hexHashes(3000, 5);
    const { entries, problems } = await read(`${header}pdq,${a},"open\n${good.map((h) => `pdq,${h},,,\n`).join("")}`);
    expect(problems).toEqual([[2, reasons.quote]]);
    expect(entries.map(([line, hash]) => [line, hash])).toEqual(good.map((hash, i) => [3 + i, hash]));
  });

  test("a good file with random bytes thrown in loses only the lines they hit", async () => {
    const good = hexHashes(2000, 6);
    const next = random(7);
    const noise = new Set(Array.from({ length: 200 }, () => next() % 2000));
    const lines = good.map((hash, i) => {
      if (!noise.has(i)) return Buffer.from(`${hash},${i}\n`);
      const bytes = Buffer.from(
        Array.from({ length: 5 + (next() % 90) }, () => next() & 255).filter((byte) => byte !== 10 && byte !== 13), // a line end of either kind
      );
      return Buffer.concat([Buffer.from("!"), bytes, Buffer.from("\n")]); // "!" begins no hash and no blank line
    });
    const { entries, problems } = await readSource(Buffer.concat([Buffer.from("hash\n"), ...lines]));
    const kept = good.map((hash, i) => [i + 2, hash, String(i)]).filter((_, i) => !noise.has(i));
    expect(entries).toEqual(kept);
    expect(problems.map(([line]) => line)).toEqual([...noise].map((i) => i + 2).sort((x, y) => x - y));
  });

  test("random bytes give no entry and no crash, and every line is reported", async () => {
    const next = random(8);
    for (let round = 0; round < 50; round++) {
      const bytes = Uint8Array.from({ length: 4000 }, () => next());
      const { entries, problems } = await readSource(bytes);
      expect(entries).toEqual([]);
      const text = Buffer.from(bytes).toString("latin1");
      const wanted = text.split(/\r\n|\r|\n/).flatMap((line, i) => (/^[ \t]*$/.test(line) ? [] : [i + 1]));
      expect(problems.map(([line]) => line)).toEqual(wanted);
    }
  });

  test("metadata that is no UTF-8 becomes replacement characters, not an error", async () => {
    const { entries } = await readSource(
      Buffer.concat([Buffer.from(`${a},x`), Buffer.from([0xff, 0xc3]), Buffer.from("y\n")]),
    );
    expect(entries).toEqual([[1, a, "x\ufffd\ufffdy"]]);
  });

  test("a buffer that is shrunk or transferred while it is read", async () => {
    // Resizable buffers are newer than the types of this language level.
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(length: number): void };
    const buffer = new Resizable(130, { maxByteLength: 200 });
    const bytes = new Uint8Array(buffer);
    bytes.set(new TextEncoder().encode(`${a}\n${b}\n`));
    async function* shrinking(): AsyncGenerator<Uint8Array> {
      yield bytes;
      buffer.resize(10);
      yield bytes;
      const gone = new Uint8Array(65).fill(48);
      structuredClone(gone.buffer, { transfer: [gone.buffer] });
      yield gone;
    }
    const { entries } = await readSource(shrinking());
    expect(entries.map(([, hash]) => hash)).toEqual([a, b]);
  });
});

describe("a million lines", () => {
  test("load within 200 MB of memory, all of the process counted", async () => {
    // Words from a counter: every hash different, the list never in memory as a whole.
    const program = `
      import { HashList } from "./dist/index.js";
      const words = new Uint32Array(8);
      async function* list() {
        for (let i = 0; i < 1e6; ) {
          let text = "";
          for (const end = i + 2000; i < end; i++) {
            for (let k = 0; k < 8; k++) words[k] = Math.imul(i * 8 + k + 1, 0x9e3779b1) ^ (i << k);
            text += Buffer.from(words.buffer).toString("hex") + ",case " + i + "\\n";
          }
          yield Buffer.from(text);
        }
      }
      const known = await HashList.load(list());
      const peak = process.resourceUsage().maxRSS / 1024;
      const [last] = known.searchSync({ hash: Buffer.from(words.buffer), quality: 100, stable: true }, { radius: 0 });
      console.log(JSON.stringify({ ...known.lists[0], last, peak }));
    `;
    const said = await succeed(process.execPath, ["--input-type=module", "-e", program], { cwd: root });
    const { peak, ...loaded } = JSON.parse(said) as { peak: number };
    expect(loaded).toEqual({
      name: "list 1",
      form: "plain",
      entries: 1_000_000,
      problems: 0,
      last: {
        distance: 0,
        list: "list 1",
        line: 1_000_000,
        metadata: "case 999999",
        orientation: "orig",
        type: "pdq",
      },
    });
    expect(peak).toBeLessThan(200);
  });
});
