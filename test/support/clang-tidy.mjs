// Runs the checks of .clang-tidy over the core and the binding. A file without findings is not checked again before it, a
// header or the checks change: such files are noted in node_modules/.cache/empreinte-native. Findings may differ between
// versions of clang-tidy, so it is version 14, Debian 12's; without it nothing is checked, and a line says so.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(import.meta.url);
const program = "clang-tidy-14";
const { status: found } = spawnSync(program, ["--version"]);
if (found !== 0) {
  console.log(`skipped: needs ${program}`);
  process.exit();
}

/** The C++ files of a folder; of the kernels only the portable one, which instantiates the same steps as the others. */
function files(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending) && !/kernels\/(x86|arm)_/.test(name))
    .map((name) => join(folder, name));
}

const folders = ["native", "bindings/node"];
const headers = createHash("sha256").update(readFileSync(join(root, ".clang-tidy")));
for (const file of folders.flatMap((folder) => files(folder, ".h"))) headers.update(readFileSync(join(root, file)));
const common = headers.digest();

const cache = join(root, "node_modules/.cache/empreinte-native");
mkdirSync(cache, { recursive: true });
const noteOf = (file) =>
  join(
    cache,
    `${createHash("sha256")
      .update(common)
      .update(file)
      .update(readFileSync(join(root, file)))
      .digest("hex")}.tidy`,
  );

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
    let said = "";
    child.stdout.on("data", (chunk) => (said += chunk));
    child.once("error", reject);
    child.once("close", (status) => resolve(status === 0 ? "" : said || `${program} ended with ${status}`));
  });
}

const queue = folders.flatMap((folder) => files(folder, ".cc")).filter((file) => !existsSync(noteOf(file)));
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
