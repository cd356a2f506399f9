import { expect, test } from "vitest";
import { needsLongRun } from "../../../test/support/long.ts";
import { run } from "../../../test/support/run.ts";
import { needsNats } from "./support/servers.ts";

test("the demo kills a node, a shard, a server and the curator, and keeps every promise", async (ctx) => {
  needsLongRun(ctx);
  needsNats(ctx);
  const { code, stdout } = await run(process.execPath, ["packages/cluster/tools/demo.mjs"]);
  for (const text of [
    "each confirmed by all 5 replicas",
    "missing: node-3",
    "say that shard 1 is",
    "40 of 40 uploads are found",
    "the leader of the stream, is killed",
    "the standby is the curator",
    "0 found what was withdrawn",
    "every promise was kept",
  ]) {
    expect(stdout).toContain(text);
  }
  expect(code).toBe(0);
});
