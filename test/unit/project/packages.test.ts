import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { type PackageMap, packageViolations } from "../../support/project/imports.ts";
import { root } from "../../support/run.ts";

interface Manifest {
  name?: string;
  workspaces?: string[];
  exports?: Record<string, unknown>;
  imports?: Record<string, string>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const manifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;

/** "empreinte", "empreinte/video" …: what the root package lets others import. */
const doors = Object.keys(manifest(".").exports ?? {})
  .filter((door) => !door.endsWith(".json"))
  .map((door) => posix.join("empreinte", door));

/** The packages that are there, each file with what it imports. */
function packages(): PackageMap {
  const folders = readdirSync(join(root, "packages"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Object.fromEntries(
    folders.map(({ name }) => {
      const folder = `packages/${name}`;
      const { dependencies, peerDependencies, devDependencies, imports: own } = manifest(folder);
      const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .map((file) => file.replaceAll("\\", "/"))
        .filter((file) => /\.[cm]?[jt]sx?$/.test(file) && !/(^|\/)(node_modules|dist)\//.test(file));
      const imports = (file: string): string[] =>
        ts
          .preProcessFile(readFileSync(join(root, folder, file), "utf8"), true, true)
          .importedFiles.map(({ fileName }) => fileName);
      const declared = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies, ...own });
      return [
        folder,
        { declared, files: Object.fromEntries(files.map((file) => [`${folder}/${file}`, imports(file)])) },
      ];
    }),
  );
}

test("every package imports empreinte by its public doors only", () => {
  expect(doors).toEqual([
    "empreinte",
    "empreinte/video",
    "empreinte/lists",
    "empreinte/bank",
    "empreinte/local",
    "empreinte/evaluate",
  ]);
  expect(packageViolations(packages(), doors)).toEqual([]);
});

test("every folder of packages/ is a workspace called empreinte-NAME, with a README", () => {
  expect(manifest(".").workspaces).toEqual(["packages/*"]);
  for (const folder of Object.keys(packages())) {
    expect(manifest(folder).name).toBe(`empreinte-${folder.slice("packages/".length)}`);
    expect(existsSync(join(root, folder, "README.md")), folder).toBe(true);
  }
});

describe("the rule can fail", () => {
  const declared = ["empreinte", "ws"];
  const fine = ["node:http", "ws", "ws/wrapper.mjs", "empreinte", "empreinte/bank", "./routes.js", "../package.json"];

  test("a package that follows it passes", () => {
    const files = { "packages/server/src/main.ts": fine };
    expect(packageViolations({ "packages/server": { declared, files } }, doors)).toEqual([]);
  });

  test.each([
    ["empreinte/dist/bank/store.js", "is not a public door of empreinte"],
    ["empreinte/package.json", "is not a public door of empreinte"],
    ["../../../src/index.js", "leaves the package"],
    ["../../cluster/src/main.js", "leaves the package"],
    ["/opt/empreinte/index.js", "leaves the package"],
    ["fastify", "is not declared in packages/server/package.json"],
    ["@scope/name/part", "is not declared in packages/server/package.json"],
  ])("importing %s", (specifier, sentence) => {
    const files = { "packages/server/src/main.ts": [...fine, specifier] };
    const found = packageViolations({ "packages/server": { declared, files } }, doors);
    expect(found).toEqual([`packages/server/src/main.ts: ${specifier} ${sentence}`]);
  });

  test("its tests may use vitest and what all tests share, its sources may not", () => {
    const shared = ["vitest", "../../../test/support/run.ts"];
    const of = (file: string): string[] =>
      packageViolations({ "packages/server": { declared, files: { [file]: shared } } }, doors);
    expect(of("packages/server/test/main.test.ts")).toEqual([]);
    expect(of("packages/server/src/main.ts")).toHaveLength(2);
  });

  test("empreinte itself must be declared", () => {
    const files = { "packages/server/src/main.ts": ["empreinte/bank"] };
    expect(packageViolations({ "packages/server": { declared: ["ws"], files } }, doors)).toHaveLength(1);
  });
});

test("the browser package compiles src/pure of the library into itself, and nothing else of it", () => {
  const { include } = JSON.parse(readFileSync(join(root, "packages/browser/tsconfig.shared.json"), "utf8")) as {
    include: string[];
  };
  expect(include).toEqual(["../../src/pure"]);
  const own = Object.entries(packages()).map(([folder]) => [folder, manifest(folder).imports] as const);
  expect(own.filter(([, imports]) => imports !== undefined)).toEqual([
    ["packages/browser", { "#shared/*": "./dist/shared/pure/*" }],
  ]);
});
