import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { empreinte, folder, jsonLines, known, main, makeImage } from "../../support/cli.ts";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";
import { needsLongRun } from "../../support/long.ts";

const at = folder();
const hashes = randomHashes(60_000, 5150);
const hash = (i: number): string => hex(hashAt(hashes, i));
let next = 0;
/** A new store with the bank `ncii`, and a list of `count` hashes. */
async function fresh(count: number, ...policy: string[]): Promise<{ file: string; list: string; inside: string }> {
  const inside = join(at, `store-${next++}`);
  mkdirSync(inside);
  const file = join(inside, "known.bank");
  const made = await empreinte(["bank", "create", file, "ncii", "--actor", "ada", ...policy]);
  expect(made).toMatchObject({ code: 0, stdout: "", stderr: "" });
  const list = join(inside, "list.txt");
  writeFileSync(list, Array.from({ length: count }, (_, i) => `${hash(i)},row ${i}\n`).join(""));
  return { file, list, inside };
}
const from = { bank: "ncii", source: "hotline" };
const into = ["--bank", "ncii", "--source", "hotline", "--actor", "ada"];

describe("bank", () => {
  test("create, import, info, list, policy, withdraw, audit, verify: one store from end to end", async () => {
    const { file, list } = await fresh(20, "--action", "block", "--purpose", "uploads");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const once = await empreinte(["bank", "import", file, list, ...into, "--json"]);
    expect([once.code, JSON.parse(once.stdout)]).toMatchObject([0, { added: 20, problems: 0 }]);
    const revision = JSON.parse((await empreinte(["bank", "info", file, "--json"])).stdout) as { revision: number };
    const twice = await empreinte(["bank", "import", file, list, ...into]);
    expect(twice).toMatchObject({ code: 0, stdout: `${list}: 0 added, 20 unchanged\n` });
    const info = JSON.parse((await empreinte(["bank", "info", file, "--json"])).stdout) as object;
    expect(info).toMatchObject({
      revision: revision.revision,
      signals: 20,
      auditDays: 365,
      banks: [{ name: "ncii", purpose: "uploads", policy: { action: "block", radius: 31 } }],
      sources: [{ bank: "ncii", source: "hotline", active: 20, quarantined: 0, withdrawn: 0 }],
    });
    expect((await empreinte(["bank", "info", file])).stdout).toContain("  source hotline: 20 active, 0 quarantined");
    const store = await BankStore.open(file);
    store.reportSource(from, { currentAt: Date.now() - 90_000, staleAfterSeconds: 60 });
    store.reportSource({ ...from, source: "new" }, { staleAfterSeconds: 60, stopped: "a page was cut off" });
    await store.close();
    const { stdout: reported } = await empreinte(["bank", "info", file]);
    expect(reported).toMatch(/^ {2}source hotline: 20 active, 0 quarantined, 0 withdrawn; current 9\d s ago, stale$/m);
    expect(reported).toMatch(/^ {2}source new: nothing has come yet; never complete, stale: a page was cut off$/m);
    const changed = await empreinte(["bank", "policy", file, "ncii", "--radius", "10", "--flood", "5/60", "--json"]);
    expect(JSON.parse(changed.stdout)).toMatchObject({
      action: "block",
      radius: 10,
      flood: { uploads: 5, seconds: 60 },
    });
    const again = await empreinte(["bank", "policy", file, "ncii", "--flood", "none"]);
    expect(again.stdout).toBe("ncii: action block, radius 10, quality from 50\n");

    const listed = (await empreinte(["bank", "list", file])).stdout;
    expect(listed.split("\n")).toHaveLength(21);
    expect(listed.split("\n")[0]).toBe(`#1\tncii\thotline\t\tactive\t\tpdq ${hash(0).slice(0, 8)}`);
    const json = (await empreinte(["bank", "list", file, "--json"])).stdout;
    for (const text of [listed, json]) expect(text).not.toContain(hash(0).slice(0, 9));

    const done = await empreinte(["bank", "withdraw", file, "#3", "--json"]);
    expect(JSON.parse(done.stdout)).toMatchObject({ entries: 1, signals: 1 });
    const byHash = await empreinte(["bank", "erase", file, "--hash", "-"], { input: `${hash(4)}\n${hash(5)}\n` });
    expect(
      byHash.stdout.match(/^1 entry, 1 value: stopped matching after [\d.]+ ms, gone after [\d.]+ ms$/gm),
    ).toHaveLength(2);
    expect((await empreinte(["bank", "withdraw", file, "#9999"])).code).toBe(2);
    expect(readFileSync(file).includes(Buffer.from(hash(4), "hex"))).toBe(false);
    const back = await empreinte(["bank", "import", file, list, ...into]);
    expect(back.stdout).toBe(`${list}: 0 added, 17 unchanged, 3 refused\n`);

    const log = jsonLines<{ who: string; what: string; time: string }>(
      (await empreinte(["bank", "audit", file])).stdout,
    );
    expect(log.map(({ what }) => what)).toEqual([
      "create",
      "import",
      "policy",
      "policy",
      "withdraw",
      "erase",
      "erase",
      "withdraw",
    ]);
    expect(log[1]).toMatchObject({ who: "ada", detail: { bank: "ncii", source: "hotline", added: 20 } });
    expect(log[1]!.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect((await empreinte(["bank", "audit", file, "--after", "7"])).stdout.split("\n")).toHaveLength(2);
    expect(await empreinte(["bank", "verify", file])).toMatchObject({ code: 0, stdout: "" });
  });

  test("a crop's hash is kept with its image's, listed apart, and exported only on request", async () => {
    const { file, list, inside } = await fresh(0, "--action", "block", "--crop-action", "log");
    const mark = ";crop=centre-10";
    writeFileSync(list, `${hash(0)},a\n${hash(1)},a${mark}\n${hash(2)},b${mark}\n`);
    const done = await empreinte(["bank", "import", file, list, ...into]);
    expect([done.code, done.stdout]).toEqual([2, `${list}: 1 added, 1 problems\n`]);
    expect(done.stderr).toContain("line 3: a crop line has to follow");
    expect((await empreinte(["bank", "policy", file, "ncii"])).stdout).toContain("for a crop at most log");
    const short = (i: number): string => hash(i).slice(0, 8);
    expect((await empreinte(["bank", "list", file])).stdout).toContain(`\tpdq ${short(0)}\n`);
    const listed = (await empreinte(["bank", "list", file, "--crops"])).stdout;
    expect(listed).toContain(`\tpdq ${short(0)}, centre-10 ${short(1)}\n`);
    const out = join(inside, "out.txt");
    const exported = async (...more: string[]): Promise<string> => {
      expect((await empreinte(["bank", "export", file, "--to", "plain", "-o", out, ...more])).code).toBe(0);
      return readFileSync(out, "utf8");
    };
    expect(await exported()).toBe(`${hash(0)}\n`);
    expect(await exported("--crops")).toBe(`${hash(0)}\n${hash(1)},${mark}\n`);
    const again = await empreinte(["bank", "import", file, out, ...into]);
    expect(again.stdout).toBe(`${out}: 0 added, 1 unchanged\n`);
  });

  test("quarantine lists what is held back and why, release lets it match", async () => {
    const { file, inside } = await fresh(1);
    const list = join(inside, "held.csv");
    const benign = join(inside, "benign");
    mkdirSync(benign);
    await makeImage("scenergb-128x128", join(benign, "harmless.png"));
    const harmless = known("scenergb-128x128");
    writeFileSync(join(inside, "sample.txt"), `${hash(7)}\n`);
    writeFileSync(list, [hash(6), hash(7), harmless.orientations["rot90"], "0".repeat(64)].join("\n"));
    const sample = ["--benign", benign, "--benign", join(inside, "sample.txt")];
    const { code, stdout } = await empreinte(["bank", "import", file, list, ...into, ...sample]);
    expect([code, stdout]).toEqual([0, `${list}: 4 added, 3 quarantined\n`]);
    const held = (await empreinte(["bank", "quarantine", file])).stdout;
    expect(held.split("\n").map((line) => line.split("\t").slice(4, 6).join(": "))).toEqual([
      "quarantined: hits the benign sample, at distance 0",
      "quarantined: hits the benign sample, at distance 0",
      "quarantined: all bits are zero: such a hash would match unrelated images",
      "",
    ]);
    expect(await empreinte(["bank", "release", file, "#2", "#3"])).toMatchObject({ code: 0, stderr: "" });
    expect((await empreinte(["bank", "release", file, "#2"])).stderr).toContain("Neither quarantined nor flooded");
    expect((await empreinte(["bank", "quarantine", file])).stdout.split("\n")).toHaveLength(2);
  });

  test("an import that is stopped goes on where it was, and the store is the same as without the stop", async (ctx) => {
    needsLongRun(ctx);
    const { file, list } = await fresh(60_000);
    const args = ["bank", "import", file, list, ...into];
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let notes = "";
    child.stderr.on("data", (chunk: Buffer) => (notes += chunk.toString()));
    // Until something of it is in the store.
    const watch = await BankStore.open(file);
    while (watch.revision < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(notes).toMatch(/stopped after [\d,]+ entries; the same command goes on from there/);
    const [half] = watch.sources();
    await watch.close();
    expect(half!.active).toBeGreaterThan(0);
    expect(half!.active).toBeLessThan(60_000);

    const rest = await empreinte([...args, "--json"]);
    expect(rest.code).toBe(0);
    expect(rest.stderr).toContain(`going on after ${half!.active.toLocaleString("en")} entries`);
    expect(JSON.parse(rest.stdout)).toMatchObject({ added: 60_000 - half!.active, unchanged: 0 });
    const store = await BankStore.open(file);
    expect(store.size).toBe(60_000);
    expect(JSON.parse(store.importCursor({ bank: "ncii", source: "hotline" })!)).toMatchObject({
      taken: 60_000,
      done: true,
    });
    await store.close();
    // Whole: the next time it is looked through from the beginning.
    expect(JSON.parse((await empreinte([...args, "--json"])).stdout)).toMatchObject({ added: 0, unchanged: 60_000 });
  });

  test("unreadable lines are reported with their place and the rest is imported, but a list of no format is an error", async () => {
    const { file, inside } = await fresh(0);
    const list = join(inside, "broken.txt");
    writeFileSync(list, `${hash(0)}\nnot a hash\n${hash(1)}\n`);
    const { code, stdout, stderr } = await empreinte(["bank", "import", file, list, ...into]);
    expect([code, stdout]).toEqual([2, `${list}: 2 added, 1 problems\n`]);
    expect(stderr).toContain("line 2");
    const missing = await empreinte(["bank", "import", file, join(inside, "none"), list, ...into]);
    expect(missing).toMatchObject({ code: 2, stdout: `${list}: 0 added, 2 unchanged, 1 problems\n` });
    expect(missing.stderr).toContain("ENOENT");
    const other = await empreinte(["bank", "import", file, list, "--bank", "none", "--source", "s"]);
    expect([other.code, other.stderr]).toMatchObject([2, expect.stringContaining("There is no bank none")]);
  });

  test("withdraw and erase report with status 2 that one of several entries is unknown, whichever it is", async () => {
    const { file, list } = await fresh(9);
    await empreinte(["bank", "import", file, list, ...into]);
    for (const [command, entries, code] of [
      ["withdraw", ["#9999", "#1"], 2],
      ["withdraw", ["#2", "#9999"], 2],
      ["erase", ["#9999", "#3", "#4"], 2],
      ["erase", ["#5", "#6"], 0],
      ["withdraw", ["#7"], 0],
      ["withdraw", ["#7"], 2],
    ] as const) {
      const done = await empreinte(["bank", command, file, ...entries, "--json"]);
      expect([command, entries, done.code]).toEqual([command, entries, code]);
      // Every entry has its line, and those that are known are removed all the same.
      const counts = jsonLines<{ entries: number }>(done.stdout).map((one) => one.entries);
      expect(counts).toHaveLength(entries.length);
      if (entries.length > 1) expect(counts).toEqual(entries.map((entry) => (entry === "#9999" ? 0 : 1)));
    }
    const left = jsonLines<{ entryNumber: number; status: string }>(
      (await empreinte(["bank", "list", file, "--json"])).stdout,
    );
    expect(left.filter(({ status }) => status === "active").map(({ entryNumber }) => entryNumber)).toEqual([8, 9]);
  });

  test("export gives back what was imported, as a list and as JSON, readable by its owner alone", async () => {
    const { file, list, inside } = await fresh(50);
    await empreinte(["bank", "import", file, list, ...into]);
    const out = join(inside, "out.csv");
    const done = await empreinte(["bank", "export", file, "--to", "signal-csv", "-o", out, "--quiet"]);
    expect(done).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const rows = readFileSync(out, "utf8").trim().split("\n").slice(1);
    expect(rows.map((row) => row.split(",")[1])).toEqual(Array.from({ length: 50 }, (_, i) => hash(i)));
    const again = await empreinte(["bank", "import", file, out, "--bank", "ncii", "--source", "copy"]);
    expect(again.stdout).toBe(`${out}: 50 added\n`);
    const json = await empreinte([
      "bank",
      "export",
      file,
      "--source",
      "copy",
      "--bank",
      "ncii",
      "--to",
      "json",
      "-o",
      "-",
    ]);
    expect(jsonLines<{ source: string }>(json.stdout).map(({ source }) => source)).toEqual(
      Array.from({ length: 50 }, () => "copy"),
    );
    const log = jsonLines<{ what: string; detail: object }>((await empreinte(["bank", "audit", file])).stdout);
    expect(log.filter(({ what }) => what === "export").map(({ detail }) => detail)).toEqual([
      { status: "active", to: "signal-csv" },
      { bank: "ncii", source: "copy", status: "active", to: "json" },
    ]);
    expect((await empreinte(["bank", "export", file, "--to", "doc", "-o", "-"])).code).toBe(64);
  });

  test("verify says what differs, with status 1", async () => {
    const { file, list } = await fresh(500);
    await empreinte(["bank", "import", file, list, ...into]);
    const bytes = readFileSync(file);
    const place = bytes.indexOf(Buffer.from(hash(100), "hex"));
    bytes[place + 3]! ^= 1;
    writeFileSync(file, bytes);
    const damaged = await empreinte(["bank", "verify", file]);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(/is damaged \(signals, page \d+\)/);
    rmSync(`${file}.index`);
    expect((await empreinte(["bank", "verify", file])).code).toBe(1);
    writeFileSync(file, bytes.subarray(0, 5000));
    expect((await empreinte(["bank", "verify", file])).code).toBe(1);
    expect((await empreinte(["bank", "verify", `${file}.none`])).code).toBe(2);
  });

  test.each<[string[], RegExp]>([
    [["bank"], /Expected create, import/],
    [["bank", "burn"], /no command "bank burn"/],
    [["bank", "create", "f"], /No BANK/],
    [["bank", "import", "f", "l"], /No --bank BANK/],
    [["bank", "withdraw", "f"], /one of ENTRY, --case, --hash and --all/],
    [["bank", "withdraw", "f", "--bank", "b", "--source", "s"], /one of ENTRY/],
    [["bank", "erase", "f", "--all", "--bank", "b"], /--all needs --source/],
    [["bank", "erase", "f", "17"], /--bank and --source/],
    [["bank", "policy", "f", "b", "--flood", "many"], /UPLOADS\/SECONDS/],
    [["bank", "export", "f", "--to", "json"], /No --output/],
    [["scan", "--bank", "f", "--list", "l", "x"], /--bank does not go with --list/],
    [["scan", "--list", "l", "--audit", "x"], /--audit needs --bank/],
  ])("%j is wrong usage", async (args, message) => {
    const { code, stderr } = await empreinte(args);
    expect([code, stderr]).toMatchObject([64, expect.stringMatching(message)]);
  });

  test("every command has a help with an example", async () => {
    const names = "create import info list policy withdraw erase quarantine release export audit verify".split(" ");
    const helps = await Promise.all(names.map((name) => empreinte(["bank", name, "--help"])));
    for (const [i, { code, stdout }] of helps.entries()) {
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^empreinte bank ${names[i]}: .*\n\n(Usage:.* FILE|Usage:\n.* FILE)`));
      expect(stdout).toMatch(/\nExample:\n {2}empreinte bank /);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
    }
  });
});

describe("scan --bank", () => {
  test("prints the decisions for exact and near matches, and writes them to the log when requested", async () => {
    const { file, inside } = await fresh(0, "--action", "block");
    const uploads = join(inside, "uploads");
    const near = await makeImage("scenergb-128x128", join(uploads, "near.png"));
    await makeImage("scenergb-128x128", join(uploads, "turned.png"), (image) => image.rotate(90));
    await makeImage("wavesrgb-128x128", join(uploads, "other.png"));
    const bytes = join(uploads, "bytes.png");
    copyFileSync(near, bytes);
    writeFileSync(bytes, Buffer.concat([readFileSync(near), Buffer.from("tail")]));
    const md5 = createHash("md5").update(readFileSync(bytes)).digest("hex");
    const list = join(inside, "list.csv");
    writeFileSync(
      list,
      `signal_type,signal_str,collab,category,tags\npdq,${known("scenergb-128x128").hash},,,A1\nmd5,${md5},,,\n`,
    );
    await empreinte(["bank", "import", file, list, ...into]);
    const scanned = await empreinte(["scan", "--bank", file, uploads]);
    expect(scanned.code).toBe(1);
    const rows = scanned.stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(rows).toEqual([
      [bytes, "match", "0", "ncii/hotline/#1", "orig", "-", expect.stringMatching(/^action=block .*A1/)],
      [bytes, "exact", "0", "ncii/hotline/#2", "-", "-", "action=block digest=md5"],
      [near, "match", "0", "ncii/hotline/#1", "orig", "-", expect.stringMatching(/^action=block .*A1/)],
      [
        join(uploads, "turned.png"),
        "match",
        expect.stringMatching(/^\d+$/),
        "ncii/hotline/#1",
        expect.stringMatching(/^rot/),
        "-",
        expect.stringContaining("A1"),
      ],
    ]);
    const json = await empreinte(["scan", "--bank", file, "--json", "--audit", "--actor", "night shift", uploads]);
    const found = jsonLines<{ action: string; matches: { kind: string }[] }>(json.stdout);
    expect(found.map(({ action, matches }) => [action, matches.map(({ kind }) => kind).join()])).toEqual([
      ["block", "near,exact"],
      ["block", "near"],
      ["none", ""],
      ["block", "near"],
    ]);
    const log = jsonLines<{ who: string; what: string }>((await empreinte(["bank", "audit", file])).stdout);
    expect(log.filter(({ what }) => what === "decision").map(({ who }) => who)).toEqual([
      "night shift",
      "night shift",
      "night shift",
    ]);
    expect((await empreinte(["scan", "--bank", file, join(uploads, "other.png")])).code).toBe(0);
    expect((await empreinte(["scan", "--bank", `${file}.none`, uploads])).code).toBe(2);
    // Of no image, too.
    const text = join(inside, "note.txt");
    writeFileSync(text, "some text");
    const sha256 = createHash("sha256").update("some text").digest("hex");
    writeFileSync(list, `signal_type,signal_str,collab,category,tags\nsha256,${sha256},,,\n`);
    await empreinte(["bank", "import", file, list, ...into]);
    const exact = await empreinte(["scan", "--bank", file, inside, "--quiet"]);
    expect(exact.stdout.split("\n")).toContain(
      [text, "exact", "0", "ncii/hotline/#3", "-", "-", "action=block digest=sha256"].join("\t"),
    );
  });

  test("prints no match that a negative bank suppresses; JSON has it apart", async () => {
    const { file, inside } = await fresh(0, "--action", "block");
    const upload = await makeImage("scenergb-128x128", join(inside, "upload.png"));
    const entry = { id: "a", signals: [{ type: "pdq" as const, value: known("scenergb-128x128").hash }] };
    const store = await BankStore.open(file);
    store.createBank({ name: "harmless", negative: true });
    await store.import({ bank: "ncii", source: "hotline" }, [entry]);
    await store.import({ bank: "harmless", source: "own" }, [entry]);
    await store.close();
    expect(await empreinte(["scan", "--bank", file, upload])).toMatchObject({ code: 0, stdout: "" });
    const { code, stdout } = await empreinte(["scan", "--bank", file, "--json", upload]);
    expect(code).toBe(0);
    const [line] = jsonLines<{ matches: object[]; suppressed: { reference: string }[] }>(stdout);
    expect(line).toMatchObject({ action: "none", matches: [] });
    expect(line!.suppressed.map(({ reference }) => reference).sort()).toEqual(["harmless/own/a", "ncii/hotline/a"]);
  });
});
