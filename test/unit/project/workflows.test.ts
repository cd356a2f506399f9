import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../support/run.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const workflows = readdirSync(join(root, ".github/workflows")).map((name) => `.github/workflows/${name}`);

/** The actions that a workflow uses and that are not pinned by commit, with the version in a comment. */
function unpinned(workflow: string): string[] {
  const used = workflow.split("\n").filter((line) => /\buses:/.test(line));
  return used.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line));
}

describe("the workflows", () => {
  test.each(workflows)("%s pins every action by commit", (file) => {
    const text = read(file);
    expect(text).toContain("uses:");
    expect(unpinned(text)).toEqual([]);
  });

  test("the rule can fail", () => {
    const commit = "d23441a48e516b6c34aea4fa41551a30e30af803";
    expect(unpinned(`      - uses: actions/checkout@${commit} # v6.1.0`)).toEqual([]);
    for (const uses of [
      "actions/checkout@v6",
      "actions/checkout@main",
      `actions/checkout@${commit.slice(1)} # v6.1.0`,
    ]) {
      expect(unpinned(`      - uses: ${uses}`)).toHaveLength(1);
    }
  });

  test("run the tests on Linux with glibc and musl, on x64 and arm64, on macOS and on Windows", () => {
    const ci = read(".github/workflows/ci.yml");
    for (const [job, runners] of [
      ["debian", ["ubuntu-24.04", "ubuntu-24.04-arm"]],
      ["others", ["macos-15-intel", "macos-15", "windows-2022"]],
      ["musl", ["ubuntu-24.04", "ubuntu-24.04-arm"]],
    ] as const) {
      const steps = new RegExp(`^  ${job}:\\n((?:    .*\\n| *\\n|  #.*\\n)*)`, "m").exec(ci)?.[1] ?? "";
      for (const runner of runners) expect(steps, job).toMatch(new RegExp(`\\b${runner}\\b(?!-)`));
      expect(steps, job).toMatch(/\bnpm test\b|\.ci\/run\b/);
    }
  });

  const folders = readdirSync(join(root, "packages"), { withFileTypes: true }).filter((entry) => entry.isDirectory());

  test("the release publishes every package, and says where each comes from", () => {
    const release = read(".github/workflows/release.yml");
    const set = release.indexOf("npm pkg set --workspaces --include-workspace-root");
    expect(set).toBeGreaterThan(0);
    expect(release.indexOf("$GITHUB_SERVER_URL/$GITHUB_REPOSITORY")).toBeGreaterThan(set);
    expect(release.indexOf("- run: npm publish --provenance --access public\n")).toBeGreaterThan(set);
    expect(release.indexOf("- run: npm publish --workspaces --provenance --access public\n")).toBeGreaterThan(set);
  });

  test.each([".", ...folders.map(({ name }) => `packages/${name}`)])(
    "%s/package.json invents no address, is public, and has what it publishes",
    (folder) => {
      const manifest = JSON.parse(read(`${folder}/package.json`)) as Record<string, unknown>;
      expect(Object.keys(manifest).filter((key) => /^(repository|bugs|homepage|private)$/.test(key))).toEqual([]);
      expect(manifest["files"]).toContain("dist");
      expect(manifest["version"]).toBe((JSON.parse(read("package.json")) as { version: string }).version);
    },
  );
});

test(".ci/packages is the one list of what a machine needs, for .ci/run and the Containerfile", () => {
  const lines = read(".ci/packages").split("\n");
  const listed = lines.filter((line) => line !== "" && !line.startsWith("#"));
  expect(listed.filter((line) => !/^[a-z0-9+.-]+ +\S+$/.test(line))).toEqual([]);
  for (const reader of [".ci/run", "Containerfile"]) {
    expect(read(reader)).toContain(".ci/packages");
    const named = listed.map((line) => line.split(" ")[0]!).filter((name) => name.includes("-"));
    expect(named.filter((name) => read(reader).includes(name))).toEqual([]);
  }
});
