import { availableParallelism } from "node:os";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { SlowFirst } from "./test/support/order.ts";
import { root } from "./test/support/run.ts";
import { ClosingLine } from "./test/support/reporter.ts";
import { sharedFiles } from "./test/support/shared-process.ts";

/** Ends a test that hangs. No test may come near it, on however slow a machine: what a test measures, it counts. */
const hanging = 10 * 60_000;

/** Which files follow one another in the same processes: those of a package that needs its own, or "shared". */
const projectOf = (file: string): string => /^packages\/(server|exchange)\//.exec(file)?.[1] ?? "shared";

export default defineConfig(({ mode }) => {
  // `npm run test:all` is `vitest run --mode long`, which needs no shell to set a variable. See test/support/long.ts.
  const long = mode === "long" || process.env["EMPREINTE_LONG"] === "1";
  // Each project below reads this file again, in the mode "test".
  if (long) process.env["EMPREINTE_LONG"] = "1";
  const shared = sharedFiles();
  return {
    test: {
      // To start a process and load the library takes a second of a processor, so that files which leave their process
      // as it was follow one another in it.
      projects: [
        {
          extends: true,
          test: {
            name: "apart",
            include: ["test/**/*.test.ts", "packages/*/test/**/*.test.ts"],
            exclude: [...configDefaults.exclude, ...shared],
          },
        },
        // The service takes loaders from the decoder of its process and tunes its memory. So does `doctor`, which is
        // among the shared ones. The exchange needs these loaders.
        ...["shared", "server", "exchange"].map((name) => {
          const include = shared.filter((file) => projectOf(file) === name);
          return { extends: true as const, test: { name, include, isolate: false } };
        }),
      ],
      globalSetup: join(root, "test/support/run-folder.ts"),
      setupFiles: join(root, "test/support/setup.ts"),
      env: { EMPREINTE_LONG: long ? "1" : "" },
      // Node loads the compiled modules itself: passing each through the test runner takes most of a second a file.
      server: { deps: { external: [/\/dist\//] } },
      // A native addon belongs in processes of its own: a crash then ends one file, not the run.
      pool: "forks",
      // One more than there are processors: tests also wait, for children, servers and disks.
      maxWorkers: Math.min(4, availableParallelism() + 1),
      sequence: { sequencer: SlowFirst },
      testTimeout: long ? 2 * hanging : hanging,
      hookTimeout: long ? 2 * hanging : hanging,
      teardownTimeout: 30_000,
      expect: { poll: { timeout: hanging / 2 } },
      allowOnly: false,
      reporters: [new ClosingLine()],
      coverage: { provider: "v8", include: ["dist/**/*.js"], reporter: ["text-summary"] },
    },
  };
});
