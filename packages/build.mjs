// Compiles the packages, each after those whose types it uses.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const tsc = join(here, "..", "node_modules", "typescript", "bin", "tsc");
// Before the last one, what it shares with the library: see packages/browser/HACKING.md.
for (const name of ["fetch", "exchange", "server", "cluster", "browser/tsconfig.shared.json", "browser"]) {
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(here, name)], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
// A page cannot import packages by their names, so what it loads is bundled.
const { status } = spawnSync(process.execPath, [join(here, "browser", "tools", "bundle.mjs")], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
