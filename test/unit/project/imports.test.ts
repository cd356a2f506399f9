import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import {
  allowed,
  cycles,
  includeViolations,
  leaves,
  type ModuleMap,
  resolveImport,
  violations,
} from "../../support/project/imports.ts";
import { root } from "../../support/run.ts";

function files(folder: string, pattern: RegExp): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return entries.filter((name) => pattern.test(name)).map((name) => posix.join(folder, name.replaceAll("\\", "/")));
}

const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** src/ as it is: imports, exports-from, type imports and dynamic imports alike. */
function sources(): ModuleMap {
  return Object.fromEntries(
    files("src", /\.ts$/).map((file) => [
      file,
      ts.preProcessFile(read(file), true, true).importedFiles.map(({ fileName }) => resolveImport(file, fileName)),
    ]),
  );
}

/** The C++ files with what they include: paths from the root for quoted ones, `<name>` for the others. */
function includes(): ModuleMap {
  const all = [...files("native", /\.(h|cc)$/), ...files("bindings/node", /\.(h|cc)$/)];
  return Object.fromEntries(
    all.map((file) => [
      file,
      [...read(file).matchAll(/^\s*#\s*include\s*(?:"([^"]+)"|(<[^>]+>))/gm)].map(([, quoted, angle]) =>
        quoted === undefined ? angle! : posix.join(posix.dirname(file), quoted),
      ),
    ]),
  );
}

describe("src", () => {
  test("every import follows HACKING.md, and there are no cycles", () => {
    const map = sources();
    expect(Object.keys(map).length).toBeGreaterThan(15);
    expect(violations(map)).toEqual([]);
    expect(cycles(map)).toEqual([]);
  });

  test("index.ts only re-exports", () => {
    const file = ts.createSourceFile("index.ts", read("src/index.ts"), ts.ScriptTarget.ES2022);
    const others = file.statements.filter((s) => !(ts.isExportDeclaration(s) && s.moduleSpecifier !== undefined));
    expect(others.map((s) => s.getText(file))).toEqual([]);
  });

  test("only native/load.ts touches .node files", () => {
    const touching = files("src", /\.ts$/).filter((file) => /\.node["'`]|dlopen/.test(read(file)));
    expect(touching).toEqual(["src/native/load.ts"]);
  });
});

describe("C++", () => {
  test("native includes only itself and the standard library, bindings only native/empreinte.h", () => {
    const map = includes();
    expect(Object.keys(map).length).toBeGreaterThan(25);
    // The door to Node is node-addon-api, and it is included in the bindings alone.
    const bindings = Object.fromEntries(
      Object.entries(map).map(([file, list]) => [
        file,
        file.startsWith("bindings/") ? list.filter((name) => name !== "<napi.h>" && name !== "<node_api.h>") : list,
      ]),
    );
    expect(includeViolations(bindings)).toEqual([]);
    expect(cycles(map)).toEqual([]);
  });

  test("addon.gyp compiles every .cc there is, and nothing else", () => {
    const [target] = (JSON.parse(read("bindings/node/addon.gyp")) as { targets: GypTarget[] }).targets;
    const listed = [target!.sources, ...target!.conditions.map(([, then]) => then.sources ?? [])].flat();
    const sources = [...files("native", /\.cc$/), ...files("bindings/node", /\.cc$/)];
    // The kernel of WebAssembly, which bindings/wasm/build.mjs compiles.
    expect([...listed, "native/kernels/wasm.cc"].toSorted()).toEqual(sources.toSorted());
    expect(read("bindings/wasm/build.mjs")).toContain("native/kernels/wasm.cc");
  });
});

interface GypTarget {
  sources: string[];
  conditions: [string, { sources?: string[] }][];
}

describe("HACKING.md", () => {
  test("names only files and folders that exist", () => {
    const named = tree(read("HACKING.md"));
    expect(named.length).toBeGreaterThan(80);
    expect(named).toContain("native/hash/luma.h");
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("names every folder", () => {
    const named = tree(read("HACKING.md")).map((path) => path.replace(/\/$/, ""));
    const there = treeFolders
      .filter((name) => existsSync(join(root, name)))
      .flatMap((name) => [name, ...folders(name)]);
    expect(there.length).toBeGreaterThan(80);
    expect(there.filter((path) => !named.includes(path))).toEqual([]);
  });

  test("has the table of who may import whom that the rules are", () => {
    const table =
      /### Who may import whom\n([\s\S]*?)\n\n(?!\|)(?=[^|]*\n)(?:Some|Inside)/.exec(read("HACKING.md"))?.[1] ?? "";
    const names = (cell: string): string[] => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!);
    const rows = [...table.matchAll(/^\| (.*?) \| (.*?) \|$/gm)].flatMap(([, rooms, imports]) =>
      names(rooms!.replace("`index.ts`", "")).map((room) => [room, names(imports!).toSorted()] as const),
    );
    const written = Object.fromEntries(rows.filter(([room]) => room in allowed && !leaves.includes(room)));
    const rules = Object.entries(allowed)
      .filter(([room]) => !leaves.includes(room))
      .map(([room, imports]) => [room, imports.filter((name) => !leaves.includes(name)).toSorted()] as const);
    // The command imports the doors; the main one is called index.ts there.
    expect({ ...written, cli: ["doors", "index"], native: [] }).toEqual(Object.fromEntries(rules));
    for (const leaf of leaves) expect(rows.map(([room]) => room)).toContain(leaf);
  });

  test("counts the names of each door", () => {
    const table = /## The public face\n([\s\S]*?)\n### /.exec(read("HACKING.md"))?.[1] ?? "";
    const rows = [...table.matchAll(/^\| `empreinte\/?(\w*)` \|.*\| (\d+) \|$/gm)];
    const written = Object.fromEntries(rows.map(([, door, count]) => [door, Number(count)]));
    const there = files("src/doors", /\.ts$/).map(
      (file) => [posix.basename(file, ".ts"), exportedNames(read(file))] as const,
    );
    const counted = Object.fromEntries([["", exportedNames(read("src/index.ts"))] as const, ...there]);
    expect(written).toEqual(counted);
    const all = Object.values(counted).reduce((sum, count) => sum + count, 0);
    expect(all).toBeLessThanOrEqual(130);
    expect(table).toContain(`Six doors with ${all} names`);
  });

  test("a folder that is missing from the tree is found, and so is a path that does not exist", () => {
    const text =
      "## The tree\n\nWords.\n\n```\nsrc/          the library\n  hash/ gone.h  words\ntest/\n  a/ b/\n```\n";
    expect(tree(text)).toEqual(["src/", "src/hash/", "src/gone.h", "test/", "test/a/", "test/b/"]);
    expect(tree("## The tree\n\n```\nsrc/\n  index.ts  the door\n```")).toEqual(["src/", "src/index.ts"]);
  });
});

const treeFolders =
  "src native bindings packages test fixtures benchmarks tools examples docs man .ci .github .vscode".split(" ");

/** How many names a door exports. It has no other statement. */
function exportedNames(text: string): number {
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from/gm)];
  return lists.flatMap(([, names]) => names!.split(",")).filter((name) => name.trim() !== "").length;
}

/** The folders inside `folder`, at any depth. */
function folders(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["node_modules", "dist", "build"].includes(entry.name))
    .map((entry) => `${folder}/${entry.name}`)
    .flatMap((path) => [path, ...folders(path)]);
}

/** The paths of "The tree": indentation is the folder, the names at a line's start are files or folders. */
function tree(text: string): string[] {
  const block = /## The tree\n[^#]*?```\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  const paths: string[] = [];
  const open: { indent: number; path: string }[] = [];
  for (const line of block.split("\n")) {
    const indent = line.search(/\S/);
    if (indent < 0) continue;
    while (open.length > 0 && open.at(-1)!.indent >= indent) open.pop();
    const words = line.trim().split(" ");
    const end = words.findIndex((word) => !/^\.?[\w-]+(\/|\.(h|cc|ts|mjs|md|json|gyp)|\/[\w/]+\/)$/.test(word));
    const names = words.slice(0, end < 0 ? words.length : end);
    for (const name of names) paths.push(posix.join(open.at(-1)?.path ?? "", name));
    if (names.length === 1 && names[0]!.endsWith("/")) open.push({ indent, path: paths.at(-1)! });
  }
  return paths;
}

describe("the rules can fail", () => {
  const fine: ModuleMap = {
    "src/index.ts": ["src/hash/value.ts", "src/image/decode/decode.ts"],
    "src/errors.ts": [],
    "src/native/load.ts": ["node:module", "src/errors.ts"],
    "src/hash/value.ts": ["src/native/load.ts"],
    "src/image/decode/decode.ts": ["sharp", "src/hash/value.ts"],
    "src/processes/child-process.ts": ["node:child_process"],
    "src/cli/main.ts": ["src/index.ts", "src/cli/commands/hash.ts", "node:util"],
    "src/cli/commands/hash.ts": ["src/index.ts"],
  };

  test("a map that follows them passes", () => {
    expect(violations(fine)).toEqual([]);
    expect(cycles(fine)).toEqual([]);
  });

  test.each([
    ["src/hash/value.ts", "src/image/decode/decode.ts", "hash may not import"],
    ["src/cli/commands/hash.ts", "src/hash/value.ts", "cli may not import"],
    ["src/native/load.ts", "src/hash/value.ts", "native may not import"],
    ["src/errors.ts", "src/native/load.ts", "errors may not import"],
    ["src/hash/value.ts", "sharp", "only src/image/ and src/evaluate/sharp.ts may import sharp"],
    ["src/image/decode/decode.ts", "node:child_process", "only src/processes/ and src/cli/external.ts may import"],
    ["src/cli/main.ts", "package.json", "package.json is not a dependency"],
    ["src/image/decode/decode.ts", "lodash", "lodash is not a dependency"],
    ["src/image/decode/decode.ts", "src/image/gone.ts", "does not exist"],
    ["src/strange/new.ts", "src/errors.ts", "no rule for strange"],
  ])("%s importing %s", (file, target, sentence) => {
    const found = violations({ ...fine, [file]: [...(fine[file] ?? []), target] });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(sentence);
  });

  test("a cycle is found, also a long one and one of type imports only", () => {
    expect(cycles({ a: ["a"] })).toEqual(["a → a"]);
    expect(cycles({ a: ["b"], b: ["c"], c: ["b"] })).toEqual(["b → c → b"]);
    const typed = ts.preProcessFile('import type { A } from "./a.js"; export * from "./b.js"; void import("./c.js");');
    expect(typed.importedFiles.map((f) => resolveImport("src/x/y.ts", f.fileName))).toEqual([
      "src/x/a.ts",
      "src/x/b.ts",
      "src/x/c.ts",
    ]);
  });

  test.each([
    ["native/hash/luma.h", "<node_api.h>", "native may not include"],
    ["native/hash/luma.h", "<uv.h>", "native may not include"],
    ["native/hash/luma.h", "<boost/any.hpp>", "native may not include"],
    ["native/hash/luma.h", "bindings/node/job.h", "native may not include"],
    ["bindings/node/job.h", "native/hash/luma.h", "bindings may not include"],
    ["native/hash/luma.h", "native/gone.h", "does not exist"],
  ])("%s including %s", (file, include, sentence) => {
    const map: ModuleMap = {
      "native/empreinte.h": ["<stdint.h>"],
      "native/hash/luma.h": ["native/empreinte.h"],
      "bindings/node/job.h": ["native/empreinte.h", "<atomic>"],
    };
    expect(includeViolations(map)).toEqual([]);
    const found = includeViolations({ ...map, [file]: [...map[file]!, include] });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(sentence);
  });
});
