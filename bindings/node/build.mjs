// Compiles the addon. `npm run build:native` leaves it in build/Release, `npm run build:prebuild` in prebuilds/, and
// `npm run build:debug` in build/Debug, with symbols and assertions and without optimization.
//
// node-gyp does it where it can: it needs python3 and make, and Node's headers, which it would fetch from nodejs.org
// when they are not beside the `node` that runs. If one of these is missing, the compiler alone does: the sources and
// flags of addon.gyp, and the headers of the npm packages node-api-headers and node-addon-api.
import { execFile, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(import.meta.url);
const debug = process.argv.includes("--debug");
const kind = debug ? "Debug" : "Release";
const jobs = Number(process.env.JOBS) || availableParallelism();

const works = (command, ...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

// node-gyp reads binding.gyp in the root. A package that has one is compiled at its installation by some package
// managers, whatever its package.json says, so it is there only while node-gyp runs.
const recipeFile = join(root, "bindings/node/addon.gyp");
const gypFile = join(root, "binding.gyp");

/** The folder that node-gyp calls nodedir, when the headers of this Node are on this machine. */
function headers() {
  const given = process.env.npm_config_nodedir ?? process.env.npm_package_config_node_gyp_nodedir;
  const beside = dirname(dirname(process.execPath));
  return [given, beside].find((folder) => folder && existsSync(join(folder, "include/node/common.gypi")));
}

function nodeGyp(args) {
  const nodedir = headers();
  const env = { ...process.env, ...(nodedir && { npm_config_nodedir: nodedir }) };
  let status;
  copyFileSync(recipeFile, gypFile);
  try {
    ({ status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" }));
  } finally {
    rmSync(gypFile, { force: true });
  }
  process.exit(status ?? 1);
}

/** The sources and flags of addon.gyp for this machine; its conditions have the form target_arch=='…'. */
function recipe() {
  const [target] = JSON.parse(readFileSync(recipeFile, "utf8")).targets;
  const sources = [...target.sources];
  for (const [condition, then] of target.conditions) {
    if (condition === `target_arch=='${process.arch}'`) sources.push(...(then.sources ?? []));
  }
  return { sources, defines: target.defines, flags: target.cflags_cc };
}

function newestHeader(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".h"));
  return Math.max(0, ...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}

/** With the compiler alone: Linux and macOS. */
async function compile() {
  const compiler = process.env.CXX ?? ["c++", "g++", "clang++"].find((name) => works(name, "--version"));
  if (compiler === undefined) {
    console.error("empreinte: no C++ compiler found (c++, g++, clang++). Install one with C++20, or set CXX.");
    process.exit(1);
  }
  const run = promisify(execFile);
  const { sources, defines, flags } = recipe();
  const includes = [require("node-api-headers").include_dir, require("node-addon-api").include_dir];
  const mac = process.platform === "darwin";
  const options = [
    ...(debug ? ["-O0", "-g"] : ["-O3"]),
    "-fPIC",
    "-pthread",
    "-fno-exceptions",
    ...flags,
    ...[...defines, "NODE_GYP_MODULE_NAME=empreinte", "BUILDING_NODE_EXTENSION", ...(debug ? [] : ["NDEBUG"])].map(
      (name) => `-D${name}`,
    ),
    ...includes.map((folder) => `-I${folder.replace(/^"|"$/g, "")}`),
  ];
  const newest = Math.max(newestHeader("native"), newestHeader("bindings"), statSync(recipeFile).mtimeMs);
  const output = join(root, "build", kind);
  mkdirSync(join(output, "objects"), { recursive: true });
  const objects = sources.map((source) => join(output, "objects", `${source.replaceAll("/", ".")}.o`));
  const queue = sources.map((source, i) => [join(root, source), objects[i]]);
  const one = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [source, object] = next;
      const made = existsSync(object) ? statSync(object).mtimeMs : 0;
      if (made > newest && made > statSync(source).mtimeMs) continue;
      console.log(`compile ${sources[objects.indexOf(object)]}`);
      await run(compiler, [...options, "-c", source, "-o", object]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, one));
  const shared = mac ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared", "-Wl,-soname=empreinte.node"];
  await run(compiler, [...shared, "-pthread", ...objects, "-o", join(output, "empreinte.node")]);
  console.log(`built build/${kind}/empreinte.node`);
}

const windows = process.platform === "win32";
const musl = process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
const able = windows || (headers() !== undefined && works("python3", "--version") && works("make", "--version"));
if (process.argv.includes("--prebuild")) {
  const strip = windows ? [] : ["--strip"];
  // prebuildify names the file after the package and the libc: empreinte.node, or empreinte.musl.node.
  nodeGyp([require.resolve("prebuildify/bin.js"), "--napi", ...strip, ...(musl ? ["--tag-libc"] : [])]);
  process.exit();
}

// load.ts takes a prebuilt addon before build/Release: one of older sources must not stand before what is built now.
if (!debug) {
  const file = `prebuilds/${process.platform}-${process.arch}/empreinte${musl ? ".musl" : ""}.node`;
  rmSync(join(root, file), { force: true });
}
if (able && !process.env.EMPREINTE_BUILD_DIRECT) {
  const gyp = require.resolve("node-gyp/bin/node-gyp.js");
  nodeGyp([gyp, "configure", "build", "-j", String(jobs), ...(debug ? ["--debug"] : [])]);
} else {
  try {
    await compile();
  } catch (error) {
    console.error(error.stderr ?? error);
    process.exit(1);
  }
}
