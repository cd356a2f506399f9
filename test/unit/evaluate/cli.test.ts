import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { attacks, type EvaluationReport, videoEdits } from "../../../dist/doors/evaluate.js";
import { empreinte, folder, main } from "../../support/cli.ts";
import { needsLongRun } from "../../support/long.ts";
import { run } from "../../support/run.ts";
import { writeScenes } from "../../support/evaluate.ts";

let photos: string;
beforeAll(async () => {
  photos = folder();
  await writeScenes(photos, 2);
});

const few = ["--attacks", "jpeg-50,mirror", "--generated", "0", "--concurrency", "1"];

describe("empreinte evaluate", () => {
  it("prints a line a level, writes the report, and goes on from its state", async (ctx) => {
    needsLongRun(ctx);
    const out = join(folder(), "out");
    const first = await empreinte(["evaluate", photos, ...few, "--report", out, "--seed", "5"]);
    expect(first.stderr).toBe("");
    expect(first.code).toBe(0);
    const lines = first.stdout.trim().split("\n");
    expect(lines[0]).toBe("2 originals, 2 attacks, 0 unrelated and 0 generated images, seed 5");
    expect(lines[1]).toMatch(/^plain: recall 50\.0 % .*; 0 false matches in \d+ pairs, /);
    expect(lines[2]).toMatch(/^fast: recall 100\.0 % /);
    expect(readdirSync(out).sort()).toEqual(["report.csv", "report.html", "report.json", "state.jsonl"]);
    const state = readFileSync(join(out, "state.jsonl"), "utf8");
    // Without its last lines, as after a kill, it comes to the same.
    writeFileSync(join(out, "state.jsonl"), state.slice(0, Math.round(0.6 * state.length)));
    const again = await empreinte(["evaluate", photos, ...few, "--report", out, "--seed", "5", "--json"]);
    const report = JSON.parse(again.stdout) as EvaluationReport;
    expect(report.methods.map(({ recall }) => recall.match)).toEqual([0.5, 1, 1]);
    const other = await empreinte(["evaluate", photos, ...few, "--report", out, "--seed", "6"]);
    expect(other).toMatchObject({ code: 2, stdout: "" });
    expect(other.stderr).toContain("state of an evaluation of other images");
  });

  it("killed at any time, it goes on and comes to the same figures", async (ctx) => {
    needsLongRun(ctx);
    const out = join(folder(), "out");
    const args = [
      "evaluate",
      photos,
      "--attacks",
      "overlay,crop",
      "--generated",
      "0",
      "--level",
      "plain",
      "--report",
      out,
    ];
    const file = join(out, "state.jsonl");
    const rows = (): number => (existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 2 : 0);
    for (const least of [3, 20]) {
      const child = spawn(process.execPath, [main, ...args], { stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      while (rows() < least && child.exitCode === null) await setTimeout(10);
      child.kill("SIGKILL");
      await ended;
      expect(rows()).toBeLessThan(50);
    }
    const before = rows();
    expect(before).toBeGreaterThanOrEqual(20);
    const resumed = JSON.parse((await empreinte([...args, "--json"])).stdout) as EvaluationReport;
    expect(rows()).toBe(50);
    const whole = JSON.parse((await empreinte([...args.slice(0, -2), "--json"])).stdout) as EvaluationReport;
    const shares = ({ methods }: EvaluationReport): unknown =>
      methods[0]!.attacks.map(({ name, match, median, p90 }) => [name, match, median, p90]);
    expect(shares(resumed)).toEqual(shares(whole));
  });

  it("fails when recall or false matches miss the requested bounds", async (ctx) => {
    needsLongRun(ctx);
    const gates = (...args: string[]): ReturnType<typeof empreinte> =>
      empreinte(["evaluate", photos, ...few, "--level", "plain", ...args]);
    expect(
      await gates("--min-recall", "jpeg-50=0.99", "--min-recall", "mean=0.5", "--max-false-matches", "0"),
    ).toMatchObject({
      code: 0,
      stderr: "",
    });
    const low = await gates(
      "--min-recall",
      "mirror=0.5",
      "--min-recall",
      "mean=0.51",
      "--min-recall",
      "crop-each-5=0.1",
    );
    expect(low.code).toBe(1);
    expect(low.stderr).toContain("plain: recall of mirror is 0.0000, less than 0.5");
    expect(low.stderr).toContain("plain: recall of mean is 0.5000, less than 0.51");
    expect(low.stderr).toContain("crop-each-5: no such attack or family was evaluated");
  });

  it("names an image that cannot be read, and does the rest", async () => {
    const odd = folder();
    await writeScenes(odd, 1);
    writeFileSync(join(odd, "cut.png"), readFileSync(join(odd, "0.png")).subarray(0, 2000));
    const { code, stdout, stderr } = await empreinte(["evaluate", odd, ...few, "--level", "fast"]);
    expect(code).toBe(2);
    expect(stderr).toContain("cut.png: cut.png cannot be decoded as PNG");
    expect(stdout).toContain("1 originals");
    const out = join(folder(), "images");
    const written = await empreinte(["evaluate", odd, ...few, "--write-images", out]);
    expect(written).toMatchObject({ code: 2, stdout: "" });
    expect(written.stderr).toContain("cut.png: cut.png cannot be decoded as PNG");
    expect(readFileSync(join(out, "queries.csv"), "utf8")).toContain('"none/0.png"');
  });

  it("puts distances from elsewhere beside ours", async () => {
    const here = folder();
    const written = await empreinte(["evaluate", photos, ...few, "--write-images", join(here, "images")]);
    expect(written).toMatchObject({ code: 0, stdout: "" });
    const rows = readFileSync(join(here, "images", "queries.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    expect(rows).toHaveLength(6);
    for (const row of rows) expect(existsSync(join(here, "images", row.split(",")[0]!))).toBe(true);
    // A hasher that knows the original of every image.
    const known = rows.map((row) => `${row.slice(row.indexOf(",") + 1)},3\n`);
    writeFileSync(join(here, "mine.csv"), `query,image,distance\n${known.join("")}`);
    const args = [...few, "--level", "plain", "--distances", `mine:64:10=${join(here, "mine.csv")}`];
    const { stdout } = await empreinte(["evaluate", photos, ...args]);
    expect(stdout).toMatch(/\nmine: recall 100\.0 % /);
    expect(stdout).toMatch(/\nplain: recall 50\.0 % /);
  });

  it("lists the attacks, and refuses wrong usage", async () => {
    const { stdout } = await empreinte(["evaluate", "--list-attacks"]);
    expect(stdout.trim().split("\n")).toHaveLength(attacks.length + videoEdits.length);
    for (const args of [
      [],
      [photos, photos],
      [photos, "--level", "best"],
      [photos, "--min-recall", "0.9"],
      [photos, "--distances", "mine=x.csv"],
      [photos, "--attacks", "no-such"],
      [photos, "--seed", "-1"],
    ]) {
      expect((await empreinte(["evaluate", ...args])).code, args.join(" ")).toBe(64);
    }
    expect(await empreinte(["evaluate", join(photos, "none")])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("examples/evaluate-peers.mjs", () => {
  it("puts dHash and blockhash beside ours", async (ctx) => {
    needsLongRun(ctx);
    const out = folder();
    const { code, stdout } = await run(process.execPath, ["examples/evaluate-peers.mjs", photos, out, "quick", "1"]);
    expect(code).toBe(0);
    const recall = (name: string): number =>
      Number(new RegExp(`${name}: recall ([\\d.]+) %, \\d+ false`).exec(stdout)![1]);
    // All three find what is only saved anew, and none what is framed.
    for (const name of ["dhash", "blockhash", "plain"]) {
      expect(recall(name)).toBeGreaterThan(10);
      expect(recall(name)).toBeLessThan(60);
    }
  });
});
