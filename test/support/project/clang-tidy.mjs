// Runs the checks of .clang-tidy over the core and the binding, over as many sources at once as compile as one: most of
// the work is the headers of the system. The findings are those of each source by itself. A file without findings is
// checked again only after it, a header that it includes or the checks have changed:
// node_modules/.cache/empreinte-native remembers such files. Findings differ between versions of clang-tidy, so it must
// be version 14, Debian 12's. Without it the exit status is 77, or 0 with --optional. `--newest N` checks only the N
// sources that were changed last.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { groupsOf, merged, withHeaders } from "./merged-sources.mjs";

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
    .map((name) => posix.join(folder, name));
}

const folders = ["native", "bindings/node"];
const checks = readFileSync(join(root, ".clang-tidy"));

const cache = join(root, "node_modules/.cache/empreinte-native");
mkdirSync(cache, { recursive: true });
/** The note that a file has no findings, named by everything that decides it. */
function noteOf(file) {
  const key = createHash("sha256").update(checks);
  for (const name of withHeaders(root, file)) key.update(`${name}\n`).update(readFileSync(join(root, name)));
  return join(cache, `${key.digest("hex")}.tidy`);
}

const includes = ["node-api-headers", "node-addon-api"].map((name) => require(name).include_dir.replaceAll('"', ""));
const flags = [
  "-std=c++20",
  "-ffp-contract=off",
  `-I${root}`,
  ...["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS"].map((name) => `-D${name}`),
  ...includes.flatMap((folder) => ["-isystem", folder]),
];

/** Reads one source; what is found, or "" for nothing. */
function tidy(file) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["--quiet", "--config-file=.clang-tidy", file, "--", ...flags], { cwd: root });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (status) => resolve(status === 0 ? "" : output || `${program} ended with ${status}`));
  });
}

/** Checks sources as one. If that finds something, each is checked by itself, and only what that finds counts. */
async function check(files, number) {
  let suspects = files;
  if (files.length > 1) {
    const source = join(scratch, `${number}.cc`);
    writeFileSync(source, merged(root, files));
    const findings = await tidy(source);
    if (findings === "") suspects = [];
    else if (/: error: .*\[clang-diagnostic-error\]/.test(findings)) {
      console.log(`checked one by one, for they do not compile as one: ${files.join(", ")}`);
    }
  }
  const guilty = new Set();
  for (const file of suspects) {
    const findings = await tidy(file);
    if (findings === "") continue;
    guilty.add(file);
    console.log(findings);
    process.exitCode = 1;
  }
  for (const file of files) if (!guilty.has(file)) writeFileSync(noteOf(file), "");
}

const changed = (file) => statSync(join(root, file)).mtimeMs;
const unchecked = folders
  .flatMap((folder) => files(folder, ".cc"))
  .toSorted((a, b) => changed(b) - changed(a))
  .slice(0, Number(values.newest ?? Infinity))
  .filter((file) => !existsSync(noteOf(file)))
  .toSorted();
// No group takes more than half of the work, so that two processors share it.
const most = Math.ceil(unchecked.length / 2);
const queue = [...groupsOf(root, unchecked, most).entries()];
const scratch = mkdtempSync(join(tmpdir(), "empreinte-tidy-"));
try {
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await check(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
