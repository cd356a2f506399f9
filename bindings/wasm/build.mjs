// Compiles the hash core for web pages: packages/browser/dist/wasm/empreinte.wasm, and empreinte-simd.wasm for browsers
// with SIMD. The library has both in dist/wasm, for platforms that no addon fits. It uses Debian's clang-19, lld-19 and
// their headers for wasm32, and nothing else. Where they are missing it says so and ends without an error, so that the
// rest builds: `--required` makes that an error.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("../../", import.meta.url));
const output = join(root, "packages/browser/dist/wasm");
/** Where the library finds them: see src/native/fallback. */
const copies = join(root, "dist/wasm");
const llvm = process.env.EMPREINTE_LLVM ?? "/usr/lib/llvm-19";
const sysroot = process.env.EMPREINTE_WASI ?? "/usr";

const compiler = join(llvm, "bin/clang++");
const needed = [
  [compiler, "clang-19"],
  [join(llvm, "bin/wasm-ld"), "lld-19"],
  [join(llvm, "include/wasm32-wasi/c++/v1/cmath"), "libc++-19-dev-wasm32"],
  [join(sysroot, "include/wasm32-wasi/math.h"), "wasi-libc"],
];
const missing = needed.filter(([path]) => !existsSync(path)).map(([, name]) => name);
if (missing.length > 0) {
  console.log(`skipped: the WebAssembly modules of packages/browser need ${missing.join(", ")} (apt-get install)`);
  process.exit(process.argv.includes("--required") ? 1 : 0);
}

/** The steps of a hash: no search, no views, no files. */
const core = [
  "certificate",
  "dihedral",
  "median",
  "pdq",
  "samples/nearest512",
  "samples/repack",
  "values/distance",
  "values/hash_text",
  "values/trivial",
];
const sources = [
  "native/status.cc",
  ...core.map((name) => `native/hash/${name}.cc`),
  "native/kernels/dispatch.cc",
  "native/kernels/portable.cc",
  "bindings/wasm/arena.cc",
  "bindings/wasm/exports.cc",
  ...["bits", "colour", "exports", "frame", "idct", "scan"].map((name) => `bindings/wasm/jpeg/${name}.cc`),
];

const flags = [
  "--target=wasm32-wasi",
  `--sysroot=${sysroot}`,
  "-std=c++20",
  "-O2",
  "-flto",
  "-DNDEBUG",
  // Every float operation in the reference's order, each rounded by itself.
  "-ffp-contract=off",
  "-fno-exceptions",
  "-fno-rtti",
  "-fno-threadsafe-statics",
  "-ffunction-sections",
  "-Wall",
  "-Wextra",
  "-nostdinc++",
  "-isystem",
  join(llvm, "include/wasm32-wasi/c++/v1"),
  "-isystem",
  join(sysroot, "include/wasm32-wasi"),
];
const link = [
  "-nostartfiles",
  "-Wl,--no-entry",
  "-nodefaultlibs",
  "-lc",
  `-L${join(sysroot, "lib/wasm32-wasi")}`,
  `-fuse-ld=${join(llvm, "bin/wasm-ld")}`,
  "-Wl,--gc-sections",
  "-Wl,--strip-all",
  // A quarter of a megabyte of stack; what overflows it traps, because it is below the data.
  "-Wl,-z,stack-size=262144",
  "-Wl,--stack-first",
  "-Wl,--max-memory=2147483648",
];
const builds = [
  { name: "empreinte.wasm", options: [], sources: [] },
  { name: "empreinte-simd.wasm", options: ["-msimd128", "-mbulk-memory"], sources: ["native/kernels/wasm.cc"] },
];

const newest = (folder) =>
  Math.max(
    ...readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
const changed = Math.max(newest("native"), newest("bindings/wasm"));

for (const folder of [output, copies]) mkdirSync(folder, { recursive: true });
for (const { name, options, sources: more } of builds) {
  const file = join(output, name);
  const copy = join(copies, name);
  if (existsSync(file) && statSync(file).mtimeMs > changed) {
    copyFileSync(file, copy);
    continue;
  }
  rmSync(file, { force: true });
  const inputs = [...sources, ...more].map((source) => join(root, source));
  const { status } = spawnSync(compiler, [...flags, ...options, ...inputs, ...link, "-o", file], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  copyFileSync(file, copy);
  const bytes = readFileSync(file);
  console.log(`built ${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} compressed`);
}
