/** The unit of systemd. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../test/support/run.ts";

const unit = join(root, "packages/server/deploy/empreinte-server.service");

test("systemd calls the sandbox of the unit safe", (ctx) => {
  const { error, stdout, stderr } = spawnSync("systemd-analyze", ["security", "--offline=true", "--no-pager", unit], {
    encoding: "utf8",
  });
  if (error !== undefined) ctx.skip("skipped: needs systemd-analyze");
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout);
  expect(exposure, stderr).not.toBeNull();
  // The network and the writable memory of V8 remain.
  expect(Number(exposure![1])).toBeLessThan(2.5);
});

test("the unit starts the command with options that it has", () => {
  const text = readFileSync(unit, "utf8");
  const options = [...text.matchAll(/ (--[\w-]+)/g)].map(([, option]) => option!);
  const program = join(root, "packages/server/dist/main.js");
  const { stdout } = spawnSync(process.execPath, [program, "--help"], { encoding: "utf8" });
  expect(options.length).toBeGreaterThan(3);
  for (const option of options) expect(stdout).toContain(option);
});
