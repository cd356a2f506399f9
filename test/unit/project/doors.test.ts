import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { root, succeed } from "../../support/run.ts";

// A door loads its own rooms and no others: who hashes images does not pay for the bank or for the evaluation.

const dist = pathToFileURL(join(root, "dist/")).href;

/** The addresses of all modules that importing a door loads. */
async function loaded(door: string): Promise<string[]> {
  return (await succeed(process.execPath, ["test/support/project/loaded-files.mjs", door])).trim().split("\n");
}

/** The rooms of dist/ among them. */
function rooms(modules: readonly string[]): Set<string> {
  const own = modules.filter((url) => url.startsWith(dist));
  return new Set(own.map((url) => url.slice(dist.length).split("/")[0]!));
}

describe("importing a door", () => {
  test.each([
    ["empreinte", ["bank", "cli", "evaluate", "video-index"], ["hash", "image", "known", "search"]],
    ["empreinte/video", ["bank", "cli", "evaluate", "known"], ["video", "video-index"]],
    ["empreinte/lists", ["bank", "cli", "evaluate", "video", "video-index"], ["lists"]],
    ["empreinte/bank", ["cli", "evaluate", "known", "video", "video-index"], ["bank"]],
    ["empreinte/local", ["bank", "cli", "evaluate", "known", "video", "video-index"], ["image", "local"]],
    ["empreinte/evaluate", ["bank", "cli"], ["evaluate"]],
  ])("%s loads none of %j", async (door, others, own) => {
    const modules = await loaded(door);
    const there = rooms(modules);
    expect(others.filter((room) => there.has(room))).toEqual([]);
    expect(own.filter((room) => !there.has(room))).toEqual([]);
    // Packages with an addon of their own are loaded at their first use. An evaluation always makes images.
    const early = new Set(modules.flatMap((url) => /\/node_modules\/(libsql|sharp)\//.exec(url)?.[1] ?? []));
    expect([...early]).toEqual(door === "empreinte/evaluate" ? ["sharp"] : []);
  });
});

describe("the names of the doors", () => {
  const sources = ["index.ts", ...readdirSync(join(root, "src/doors")).map((name) => `doors/${name}`)].map((file) =>
    readFileSync(join(root, "src", file), "utf8"),
  );

  test("are at most 130, types included, and none is in two doors", () => {
    const lists = sources.flatMap((source) => [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]);
    expect(sources.flatMap((source) => source.match(/^export /gm))).toHaveLength(lists.length);
    const names = lists
      .flatMap(([, list]) => list!.split(","))
      .map((name) => name.trim().replace(/^type /, ""))
      .filter((name) => name !== "");
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(100);
    expect(names.length).toBeLessThanOrEqual(130);
  });

  test("no published declaration has an internal member", () => {
    const files = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" });
    const declarations = files.filter((name) => name.endsWith(".d.ts"));
    expect(declarations.length).toBeGreaterThan(100);
    const internal = declarations.filter((name) =>
      readFileSync(join(root, "dist", name), "utf8").includes("@internal"),
    );
    expect(internal).toEqual([]);
  });
});
