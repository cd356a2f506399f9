import { posix } from "node:path";

/** Each file with what it imports: paths of the same map for its own files, otherwise the specifier as written. */
export type ModuleMap = Record<string, readonly string[]>;

/** Files and folders of src/ that every room may import. */
export const leaves: readonly string[] = [
  "errors",
  "limits",
  "check",
  "semaphore",
  "thread-pool",
  "popcount",
  "thresholds",
  "files",
  "packages",
  "without-hashes",
  "control-characters",
  "on-abort",
  "pure",
];

/** HACKING.md, "Who may import whom": what each folder of src/ may import besides itself. */
export const allowed: Record<string, readonly string[]> = {
  native: leaves,
  processes: ["native", ...leaves],
  hash: ["native", ...leaves],
  search: ["hash", "native", "image", "views", "copies", ...leaves],
  lists: ["hash", "native", ...leaves],
  image: ["hash", "native", "processes", ...leaves],
  video: ["hash", "image", "native", "processes", ...leaves],
  views: ["hash", "image", "native", ...leaves],
  local: ["hash", "native", "image", "views", "copies", "search", ...leaves],
  copies: ["hash", "lists", "image", "views", ...leaves],
  known: ["hash", "search", "lists", "image", "copies", ...leaves],
  "video-index": ["hash", "search", "image", "video", "views", "copies", ...leaves],
  bank: ["hash", "search", "lists", "image", "views", "copies", "local", "video", "video-index", ...leaves],
  doctor: ["hash", "image", "video", "native", "processes", "search", ...leaves],
  evaluate: ["index", "doors", ...leaves],
  cli: ["index", "doors", "files", "without-hashes", "control-characters"],
  errors: ["without-hashes", "control-characters"],
  "without-hashes": [],
  "control-characters": [],
  limits: [],
  check: leaves,
  "on-abort": [],
  semaphore: ["on-abort"],
  "thread-pool": [],
  popcount: [],
  thresholds: [],
  pure: ["thresholds"],
  files: ["errors", "check"],
  packages: ["errors"],
};

/**
 * What single files may import besides. Editing a clip runs ffmpeg, as decoding does, and that is not public. Help
 * names the list formats without loading them.
 */
const also: Record<string, readonly string[]> = {
  "src/cli/commands/catalogue.ts": ["src/lists/formats/origins.ts"],
  "src/evaluate/sharp.ts": ["src/image/rgb.ts"],
  "src/evaluate/video/encode.ts": ["src/processes/child-process.ts", "src/video/ffmpeg/find-ffmpeg.ts"],
};

/**
 * Where pages come from, files are mapped, folders locked, children confined and read: the only places that ask the
 * system itself.
 */
const system: Record<string, readonly string[]> = {
  "native/search/shard/region.cc": ["<sys/mman.h>"],
  "bindings/node/children/children.cc": ["<sys/mman.h>", "<sys/prctl.h>", "<sys/resource.h>"],
  "bindings/node/children/file_rules.cc": ["<sys/syscall.h>"],
  "bindings/node/children/filter.cc": ["<sys/prctl.h>", "<sys/syscall.h>"],
  "bindings/node/folder_lock.cc": ["<sys/file.h>"],
  "bindings/node/search/mapping.cc": ["<sys/mman.h>"],
  "bindings/node/outputs/output_reader.cc": ["<sys/eventfd.h>", "<sys/prctl.h>", "<sys/socket.h>"],
};

/** Modules that only these folders or files may import. */
const sole: Record<string, readonly string[]> = {
  sharp: ["src/image/", "src/evaluate/sharp.ts"],
  blurhash: ["src/image/preview.ts", "src/evaluate/report/blurhash.ts"],
  libsql: ["src/bank/storage/database.ts"],
  saxes: ["src/lists/readers/xml-reader.ts"],
  "@streamparser/json": ["src/lists/readers/json-reader.ts"],
  papaparse: ["src/lists/readers/csv-reader.ts"],
  "node:child_process": ["src/processes/", "src/cli/external.ts"],
  "@ffmpeg-installer/ffmpeg": ["src/video/"],
};

/** "src/hash/value.ts" → "hash", "src/errors.ts" → "errors". */
function part(file: string): string {
  return file.split("/")[1]!.replace(/\.ts$/, "");
}

/** The path in the map that `specifier` of `file` means: "./x.js" is x.ts. */
export function resolveImport(file: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts");
}

/** What breaks the rules for src/, a sentence each. */
export function violations(map: ModuleMap): string[] {
  const found: string[] = [];
  for (const [file, imports] of Object.entries(map)) {
    const from = part(file);
    const may = allowed[from];
    if (may === undefined && from !== "index" && from !== "doors") {
      found.push(`${file}: no rule for ${from}`);
      continue;
    }
    for (const target of imports) {
      const only = sole[target];
      if (only !== undefined && !only.some((place) => file.startsWith(place))) {
        found.push(`${file}: only ${only.join(" and ")} may import ${target}`);
      }
      if (target.startsWith("node:")) continue;
      if (!target.startsWith("src/")) {
        if (only === undefined) found.push(`${file}: ${target} is not a dependency of src`);
      } else if (!(target in map)) found.push(`${file}: ${target} does not exist`);
      else if (may !== undefined && part(target) !== from && !may.includes(part(target))) {
        if (!also[file]?.includes(target)) found.push(`${file}: ${from} may not import ${target}`);
      }
    }
  }
  return found;
}

/** The import cycles, each once, as "a → b → a". */
export function cycles(map: ModuleMap): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const target of map[file] ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of Object.keys(map)) visit(file, []);
  return found;
}

/** What breaks the rules for C++: `native` includes nothing outside itself, `bindings` only its door. */
export function includeViolations(map: ModuleMap): string[] {
  const found: string[] = [];
  for (const [file, includes] of Object.entries(map)) {
    const inside = file.startsWith("native/") ? "native/" : "bindings/node/";
    for (const include of includes) {
      const standard = /^<[a-z_0-9]+(\.h)?>$/.test(include) || (system[file] ?? []).includes(include);
      const api = /^<(node|napi|v8|uv|js_native|node_api)/.test(include);
      if (inside === "native/") {
        if (api || !(standard || include.startsWith("native/")))
          found.push(`${file}: native may not include ${include}`);
      } else if (!(standard || include.startsWith(inside) || include === "native/empreinte.h")) {
        found.push(`${file}: bindings may not include ${include}`);
      }
      if (!include.startsWith("<") && !(include in map)) found.push(`${file}: ${include} does not exist`);
    }
  }
  return found;
}

/** The workspace packages by folder: what each declares in its package.json, and each of its files with its imports. */
export type PackageMap = Record<string, { declared: readonly string[]; files: ModuleMap }>;

/** What breaks the rule for packages/: public doors, declared dependencies and files of the same package only. */
export function packageViolations(packages: PackageMap, doors: readonly string[]): string[] {
  const found: string[] = [];
  for (const [folder, { declared, files }] of Object.entries(packages)) {
    for (const [file, imports] of Object.entries(files)) {
      for (const specifier of imports) {
        if (specifier.startsWith("node:")) continue;
        if (/^[./]/.test(specifier)) {
          const target = specifier.startsWith("/") ? specifier : posix.join(posix.dirname(file), specifier);
          // Its tests may use what all tests share.
          const shared = file.startsWith(`${folder}/test/`) && target.startsWith("test/support/");
          if (!shared && !target.startsWith(`${folder}/`)) found.push(`${file}: ${specifier} leaves the package`);
          continue;
        }
        // The tests of the root package declare it.
        if (file.startsWith(`${folder}/test/`) && specifier === "vitest") continue;
        const first = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
        // What its package.json calls `#…/*` is compiled into the package from a leaf of the library.
        const name = first.startsWith("#") ? `${first}/*` : first;
        if (!declared.includes(name)) found.push(`${file}: ${specifier} is not declared in ${folder}/package.json`);
        else if (name === "empreinte" && !doors.includes(specifier)) {
          found.push(`${file}: ${specifier} is not a public door of empreinte`);
        }
      }
    }
  }
  return found;
}
