// Checks the layout of every C++ file; with --write corrects it. Versions of clang-format differ in what they write, so
// it is version 14, Debian 12's.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const files = ["native", "bindings", "test", "benchmarks"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join(folder, name)),
);
const version = (name) => spawnSync(name, ["--version"], { encoding: "utf8" }).stdout ?? "";
const program = ["clang-format-14", "clang-format"].find((name) => /version 14\./.test(version(name)));
if (program === undefined) {
  console.error("needs clang-format 14");
  process.exit(77);
}
const how = process.argv.includes("--write") ? ["-i"] : ["--dry-run", "-Werror"];
const { status } = spawnSync(program, [...how, ...files], { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);
