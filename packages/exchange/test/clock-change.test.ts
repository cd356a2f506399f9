/** The tests of this package that depend on time, in other time zones, while the clock there changes. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { needsLongRun } from "../../../test/support/long.ts";
import { root, run } from "../../../test/support/run.ts";

/** These take long, or bring clocks and zones of their own. */
const others = /^(clock-change|time-zones|killed|killed-whole|watch-many|watch-hosts)\.test\.ts$/;
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts") && !others.test(name));

describe.each([
  // Each begins before the change, and its tests go on after it.
  ["Europe/Paris", "2026-10-25T00:59:45Z"],
  ["America/Los_Angeles", "2026-03-08T09:59:45Z"],
])("in %s from %s on", (zone, begin) => {
  test("every test that depends on time passes", async (ctx) => {
    needsLongRun(ctx);
    const copy: NodeJS.ProcessEnv = { ...process.env };
    // A run of the tests in one of its tests: it gets nothing of that one's own variables.
    for (const name of Object.keys(copy)) if (/^(VITEST|NODE_OPTIONS$|EMPREINTE_)/.test(name)) delete copy[name];
    const clock = new URL("clock.mjs", import.meta.url).href;
    const env = { ...copy, TZ: zone, EMPREINTE_TEST_CLOCK: begin, NODE_OPTIONS: `--import ${clock}` };
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const args = [vitest, "run", ...files.map((name) => `packages/exchange/test/${name}`)];
    const { code, stdout, stderr } = await run(process.execPath, args, { env });
    expect(`${stdout}\n${stderr}`.split("\n").slice(-40).join("\n")).toMatch(/\b[1-9]\d* passed, 0 failed/);
    expect(code).toBe(0);
  });
});
