/**
 * What goes wrong with pages, clocks and disks: each fault is reported with its place, and what was there before
 * remains.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BankStore, type EntryInput, Matcher } from "../../../dist/doors/bank.js";
import { openList } from "../../../dist/doors/lists.js";
import { csvColumns, fixtures, values } from "../../../fixtures/lists/make.ts";
import { entriesOfCase, hashesOfCase, hashOf } from "../../support/bank/entries.mjs";
import { root } from "../../support/run.ts";

const from = { bank: "ncii", source: "hotline" };
let folder: string;
let path: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-input-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path);
  store.createBank({ name: "ncii", policy: { minQuality: 0 } });
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const found = (hash: string): string[] =>
  new Matcher(store).check({ hash, quality: 100, stable: true }).matches.map(({ entryId }) => entryId ?? "");
const pdq = (value: string) => [{ type: "pdq" as const, value }];
/** All that a store says of its entries, but for the revisions that made them so. */
const state = (): unknown[] => [...store.entries()].map((entry) => ({ ...entry, since: 0 }));

async function* entriesOf(text: string, format?: string): AsyncGenerator<EntryInput> {
  const options = format === "csv" ? { columns: csvColumns } : {};
  for await (const entry of await openList(Buffer.from(text), { name: "page", ...options })) {
    const { id, signals, labels, cases, status, time } = entry;
    yield { ...(id !== undefined && { id }), signals, labels, cases, status, ...(time !== undefined && { time }) };
  }
}

describe("pages", () => {
  const good = fixtures["ncmec"]!.good as string;

  test("a truncated page is reported with its place, loses nothing, and can be imported completely later", async () => {
    await store.import(from, entriesOfCase(1));
    const cut = good.slice(0, good.indexOf("deletedImage"));
    await expect(store.import(from, entriesOf(cut))).rejects.toMatchObject({
      code: "ERR_EMPREINTE_LIST",
      message: expect.stringMatching(/^The list page cannot be read beyond entry \d+, line \d+: it ends in the middle/),
    });
    for (const hash of hashesOfCase(1)) expect(found(hash)).toHaveLength(1);
    expect(store.verify()).toEqual([]);
    expect(await store.import(from, entriesOf(good))).toMatchObject({ added: 3, withdrawn: 2 });
    for (const hash of hashesOfCase(1)) expect(found(hash)).toHaveLength(1);
    expect(found(values.pdq(1))).toEqual(["42/i1"]);
  });

  test("pages in any order give the same entries", async () => {
    const at = (day: number): string => `2026-03-0${day}T00:00:00Z`;
    const pages: EntryInput[][] = [
      [
        { id: "a", signals: pdq(hashOf(1, 0, 0)), time: at(1) },
        { id: "b", signals: pdq(hashOf(2, 0, 0)), labels: ["x:old"], time: at(1) },
        { id: "c", signals: pdq(hashOf(3, 0, 0)), time: at(1) },
      ],
      [
        { id: "a", signals: pdq(hashOf(1, 0, 1)), time: at(2) },
        { id: "b", signals: pdq(hashOf(2, 0, 0)), labels: ["x:new"], time: at(2) },
        { id: "c", status: "withdrawn", time: at(2) },
      ],
      [{ id: "c", signals: pdq(hashOf(3, 0, 2)), time: at(3) }],
    ];
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [1, 2, 0],
      [0, 2, 1],
      [2, 0, 1, 0, 1, 2],
    ];
    const ends = new Set<string>();
    for (const [i, order] of orders.entries()) {
      const source = { bank: "ncii", source: `order ${i}` };
      for (const page of order) await store.import(source, pages[page]!);
      ends.add(
        JSON.stringify(
          ["a", "b", "c"].map((entryId) => {
            const { status, signals, labels, time } = store.entry({ ...source, entryId })!;
            return { status, signals, labels, time };
          }),
        ),
      );
    }
    expect([...ends]).toHaveLength(1);
    expect([...ends][0]).toContain(hashOf(3, 0, 2));
    expect([...ends][0]).not.toContain(hashOf(1, 0, 0));
    expect(found(hashOf(3, 0, 0))).toEqual([]);
    expect(found(hashOf(1, 0, 1))).toHaveLength(orders.length);
  });

  test("thousands of entries of one second survive overlapping pages, and a change in that second is not stale", async () => {
    const time = "2026-03-01T10:00:00Z";
    const all = Array.from({ length: 5000 }, (_, i) => ({ id: `${i}`, signals: pdq(hashOf(i, 1, 1)), time }));
    for (let page = 0; page < 5; page++) {
      // Pages overlap, as those do that are cut by time.
      const some = all.slice(Math.max(0, 1000 * page - 300), 1000 * (page + 1));
      await store.import(from, some, { importCursor: `page ${page + 1}`, batch: 333 });
    }
    expect(store.size).toBe(5000);
    expect(await store.import(from, all)).toMatchObject({ added: 0, changed: 0, unchanged: 5000, stale: 0 });
    const changed = [{ id: "2500", signals: pdq(hashOf(9999, 9, 9)), time }];
    expect(await store.import(from, changed)).toMatchObject({ changed: 1, stale: 0 });
    expect(found(hashOf(9999, 9, 9))).toEqual(["2500"]);
    expect(store.importCursor(from)).toBe("page 5");
  });

  test.each(Object.entries(fixtures))(
    "%s is imported as it is, and a second time changes nothing",
    async (format, fixture) => {
      const text = fixture.good as string;
      const counts = await store.import(from, entriesOf(text, format));
      expect(counts.problems).toBe(0);
      expect(counts.added + counts.withdrawn + counts.unchanged + counts.changed).toBe(fixture.entries.length);
      const { revision } = store;
      const before = state();
      const again = await store.import(from, entriesOf(text, format));
      expect(again).toMatchObject({ added: 0, withdrawn: 0 });
      // No entry of the fixtures comes twice, or the second import would have its changes.
      expect([counts.changed, again.changed, store.revision]).toEqual([0, 0, revision]);
      expect(state()).toEqual(before);
      expect(store.verify()).toEqual([]);
    },
  );

  test.each(Object.entries(fixtures))("a broken list of %s loses nothing that was there", async (format, fixture) => {
    await store.import({ bank: "ncii", source: "before" }, entriesOfCase(5));
    const before = state();
    const end = await store.import(from, entriesOf(fixture.broken as string, format)).catch((error: unknown) => error);
    if (end instanceof Error) expect(end).toMatchObject({ code: "ERR_EMPREINTE_LIST" });
    expect(state().slice(0, before.length)).toEqual(before);
    expect(store.verify()).toEqual([]);
  });
});

describe("clocks", () => {
  test("a time without a zone is UTC in every zone of the machine", async () => {
    const program = `import { BankStore } from ${JSON.stringify(join(root, "dist/doors/bank.js"))};
      const store = await BankStore.open(process.argv[1]);
      await store.import({ bank: "ncii", source: "hotline" }, [
        { id: "a", signals: [{ type: "pdq", value: process.argv[2] }], time: "2026-07-01T12:00:00" },
        { id: "b", signals: [{ type: "pdq", value: process.argv[2] }], time: "2026-07-01T14:00:00+02:00" },
        { id: "c", signals: [{ type: "pdq", value: process.argv[2] }], time: "2026-07-01" }]);
      store.disable({ bank: "ncii", source: "hotline", entryId: "a" }, "2030-01-01T00:00");
      await store.close();`;
    await store.close();
    const args = ["--input-type=module", "-e", program, path, hashesOfCase(1)[0]!];
    const ran = spawnSync(process.execPath, args, { env: { ...process.env, TZ: "Europe/Paris" }, encoding: "utf8" });
    expect(ran.stderr).toBe("");
    store = await BankStore.open(path);
    const times = ["a", "b", "c"].map((entryId) => store.entry({ ...from, entryId })!.time!.toISOString());
    expect(times).toEqual(["2026-07-01T12:00:00.000Z", "2026-07-01T12:00:00.000Z", "2026-07-01T00:00:00.000Z"]);
    expect(store.entry({ ...from, entryId: "a" })!.disabledUntil!.toISOString()).toBe("2030-01-01T00:00:00.000Z");
  });

  test("records that are older than those of a source whose clock was ahead are counted as stale", async () => {
    await store.import(from, [{ id: "a", signals: pdq(hashOf(1, 0, 0)), time: "2099-01-01" }]);
    const record = { id: "a", signals: pdq(hashOf(1, 0, 1)) };
    expect(await store.import(from, [{ ...record, time: "2026-01-01" }])).toMatchObject({ stale: 1, changed: 0 });
    expect(found(hashOf(1, 0, 0))).toEqual(["a"]);
    // A record without a time is the source's newest word.
    expect(await store.import(from, [record])).toMatchObject({ changed: 1 });
    expect(found(hashOf(1, 0, 1))).toEqual(["a"]);
    // An operator's withdrawal asks no clock.
    await store.withdraw({ ...from, entryId: "a" });
    expect(await store.import(from, [{ ...record, time: "2199-01-01" }])).toMatchObject({ refused: 1 });
  });

  test("revisions, the log and explanations survive a clock that is set back by a year", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const year = 365 * 86_400_000;
    vi.setSystemTime(Date.now() + year / 2);
    await store.import(from, entriesOfCase(1));
    const hash = hashesOfCase(1)[0]!;
    const decision = new Matcher(store).check({ hash, quality: 100, stable: true });
    vi.setSystemTime(Date.now() - year);
    await store.import(from, entriesOfCase(2));
    await store.withdraw({ case: "case 1" });
    expect(store.audit().map(({ number, revision }) => [number, revision])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(new Matcher(store).explain(decision).same).toBe(true);
    await store.close();
    store = await BankStore.open(path);
    expect(store.verify()).toEqual([]);
    expect(store.audit()).toHaveLength(4);
  });

  test.each(["yesterday", "2026-13-01", "-1", {}, Number.NaN])(
    "%j is not a time and is reported with its position",
    async (time) => {
      const problems: object[] = [];
      await store.import(
        from,
        [
          { id: "a", signals: pdq(hashOf(1, 0, 0)) },
          { id: "b", status: "withdrawn", time: time as never },
        ],
        {
          onProblem: (problem) => problems.push(problem),
        },
      );
      const reason = expect.stringContaining("time") as string;
      expect(problems).toEqual([{ entry: 2, skipped: true, code: "bad-entry", reason }]);
      expect(store.size).toBe(1);
    },
  );
});

/** Another process that uses the store, in a shell of its own; `before` is run in it first. */
function child(program: string, before = ""): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } {
  const text = `import { BankStore, Matcher } from ${JSON.stringify(join(root, "dist/doors/bank.js"))};
    import { entriesOfCase, hashesOfCase } from ${JSON.stringify(join(root, "test/support/bank/entries.mjs"))};
    const [path] = process.argv.slice(1);
    const reported = async (work) => { try { console.log("done", await work()); } catch (error) { console.log(error.code, error.message); } };
    ${program}`;
  return spawnSync(
    "bash",
    ["-c", `${before} exec "$0" --input-type=module -e "$1" "$2"`, process.execPath, text, path],
    {
      cwd: root,
      encoding: "utf8",
    },
  ) as never;
}

describe("disks", () => {
  test("a disk that takes no more is reported, loses nothing, and the import continues when there is room", async () => {
    await store.import(from, entriesOfCase(0));
    await store.close();
    // 600 blocks of 1,024 bytes, and a write beyond them fails instead of ending the process.
    const big = `Array.from({ length: 6000 }, (_, i) => entriesOfCase(100 + i)).flat()`;
    const { stdout, stderr } = child(
      `const store = await BankStore.open(path);
       await reported(() => store.import({ bank: "ncii", source: "hotline" }, ${big}));
       const matches = hashesOfCase(0).map((hash) => new Matcher(store).check({ hash, quality: 100, stable: true }).matches.length);
       console.log(matches.join(""), JSON.stringify(store.verify()));
       await store.close();`,
      `trap "" XFSZ; ulimit -f 600;`,
    );
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/^ERR_EMPREINTE_WRITE .*known\.bank cannot be written: /),
      `${"1".repeat(15)} []`,
    ]);
    store = await BankStore.open(path);
    expect(store.verify()).toEqual([]);
    for (const hash of hashesOfCase(0)) expect(found(hash)).toHaveLength(1);
    const rest = Array.from({ length: 600 }, (_, i) => entriesOfCase(100 + i)).flat();
    const counts = await store.import(from, rest);
    expect(counts.added + counts.unchanged).toBe(3000);
  });

  /** Everything in the folder belongs to nobody, who may read it and change nothing. */
  function readOnly(): void {
    for (const name of readdirSync(folder)) {
      chmodSync(join(folder, name), 0o444);
      if (process.getuid?.() === 0) chownSync(join(folder, name), 65_534, 65_534);
    }
    chmodSync(folder, 0o555);
    if (process.getuid?.() === 0) chownSync(folder, 65_534, 65_534);
  }
  // Root writes where it likes: the child becomes nobody.
  const asNobody = `if (process.getuid() === 0) process.setuid(65534);`;

  test("a store in a folder that cannot be written is not opened, with a clear error", async () => {
    await store.import(from, entriesOfCase(0));
    await store.close();
    const before = readdirSync(folder).sort();
    readOnly();
    const { stdout } = child(`${asNobody} await reported(() => BankStore.open(path));`);
    expect(stdout).toMatch(/^ERR_EMPREINTE_(WRITE|READ) .*known\.bank/);
    chmodSync(folder, 0o755);
    expect(readdirSync(folder).sort()).toEqual(before);
    store = await BankStore.open(path);
    expect(store.verify()).toEqual([]);
    expect(found(hashesOfCase(0)[0]!)).toHaveLength(1);
  });

  test("opening it while another process has it open fails, and that process continues", async () => {
    await store.import(from, entriesOfCase(0));
    readOnly();
    const { stdout } = child(`${asNobody} await reported(() => BankStore.open(path));`);
    expect(stdout).toMatch(/^ERR_EMPREINTE_(WRITE|READ|BUSY) .*known\.bank/);
    chmodSync(folder, 0o755);
    expect(found(hashesOfCase(0)[0]!)).toHaveLength(1);
    expect(await store.import(from, entriesOfCase(1))).toMatchObject({ added: 5 });
    expect(await store.withdraw({ case: "case 0" })).toMatchObject({ entries: 5 });
    expect(store.verify()).toEqual([]);
  });

  test("an import that is killed keeps its complete batches, and the import cursor is after them", async () => {
    await store.close();
    const program = `import { BankStore } from ${JSON.stringify(join(root, "dist/doors/bank.js"))};
      import { entriesOfCase } from ${JSON.stringify(join(root, "test/support/bank/entries.mjs"))};
      const store = await BankStore.open(process.argv[1]);
      function* all() { for (let i = 0; i < 4000; i++) yield* entriesOfCase(i); }
      await store.import({ bank: "ncii", source: "hotline" }, all(), { batch: 500, importCursor: String,
        onProgress: (counts, taken) => process.stdout.write(taken + "\\n") });`;
    for (const kill of [1500, 4000, 9500]) {
      const args = ["--input-type=module", "-e", program, path];
      const worker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      let reported = "";
      worker.stdout.on("data", (chunk: Buffer) => {
        reported += chunk.toString();
        if (reported.includes(`\n${kill}\n`)) worker.kill("SIGKILL");
      });
      await new Promise((resolve) => worker.on("close", resolve));
      store = await BankStore.open(path);
      const taken = Number(store.importCursor(from));
      expect(taken).toBeGreaterThanOrEqual(kill);
      expect(taken % 500).toBe(0);
      expect(store.sources()[0]!.active).toBe(taken);
      expect(store.size).toBe(3 * taken);
      expect(store.verify()).toEqual([]);
      await store.close();
    }
    store = await BankStore.open(path);
    const all = Array.from({ length: 4000 }, (_, i) => entriesOfCase(i)).flat();
    const taken = Number(store.importCursor(from));
    expect(await store.import(from, all, { skip: taken })).toMatchObject({ added: 20_000 - taken, unchanged: 0 });
  });
});
