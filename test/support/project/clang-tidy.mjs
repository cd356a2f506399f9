// Runs the checks of .clang-tidy over the core and the binding. A file without findings is checked again only after it, a
// header that it includes or the checks have changed: node_modules/.cache/empreinte-native remembers such files. Findings
// differ between versions of clang-tidy, so it must be version 14, Debian 12's. Without it the exit status is 77, or 0 with
// --optional. `--newest N` checks only the N sources that were changed last.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const require = createRequire(import.meta.url);
const program = "clang-tidy-14";
const { status: found } = spawnSync(program, ["--version"]);
const { values } = parseArgs({ options: { optional: { type: "boolean" }, newest: { type: "string" } } });
if (found !== 0) {
  console.log(`skipped: needs ${program}`);
  process.exit(values.optional ? 0 : 77);
}

/** The C++ files of a folder; of the kernels only the portable one, which instantiates the same steps as the others. */
function files(folder, extension) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(extension) && !/kernels\/(x86_|arm_|wasm)/.test(name))
    .map((name) => join(folder, name));
}

/** A source with the headers of the core and the binding that it includes, directly or not. */
function withHeaders(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(join(root, file))) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(join(root, file), "utf8").matchAll(/^\s*#include "([^"]+)"/gm)) {
    withHeaders(join(dirname(file), name), seen);
  }
  return seen;
}

const folders = ["native", "bindings/node"];
const checks = readFileSync(join(root, ".clang-tidy"));

const cache = join(root, "node_modules/.cache/empreinte-native");
mkdirSync(cache, { recursive: true });
/** The note that a file has no findings, named by everything that decides it. */
function noteOf(file) {
  const key = createHash("sha256").update(checks);
  for (const name of withHeaders(file)) key.update(`${name}\n`).update(readFileSync(join(root, name)));
  return join(cache, `${key.digest("hex")}.tidy`);
}

const includes = ["node-api-headers", "node-addon-api"].map((name) => require(name).include_dir.replaceAll('"', ""));
const flags = [
  "-std=c++20",
  "-ffp-contract=off",
  ...["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS"].map((name) => `-D${name}`),
  ...includes.flatMap((folder) => ["-isystem", folder]),
];

/** Checks one file; its findings, or "" for none. */
function check(file) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["--quiet", file, "--", ...flags], { cwd: root });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (status) => resolve(status === 0 ? "" : output || `${program} ended with ${status}`));
  });
}

const changed = (file) => statSync(join(root, file)).mtimeMs;
const queue = folders
  .flatMap((folder) => files(folder, ".cc"))
  .toSorted((a, b) => changed(b) - changed(a))
  .slice(0, Number(values.newest ?? Infinity))
  .filter((file) => !existsSync(noteOf(file)));
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const findings = await check(file);
      if (findings === "") writeFileSync(noteOf(file), "");
      else {
        console.log(findings);
        process.exitCode = 1;
      }
    }
  }),
);
