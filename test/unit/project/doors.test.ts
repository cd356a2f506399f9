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
