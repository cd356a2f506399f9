import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { SlowFirst } from "./test/support/order.ts";
import { ClosingLine } from "./test/support/reporter.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A native addon belongs in processes of its own: a crash then ends one file, not the run.
    pool: "forks",
    maxWorkers: Math.min(4, availableParallelism()),
    sequence: { sequencer: SlowFirst },
    testTimeout: 60_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    expect: { poll: { timeout: 20_000 } },
    allowOnly: false,
    reporters: [new ClosingLine()],
    coverage: { provider: "v8", include: ["dist/**/*.js"] },
  },
});
