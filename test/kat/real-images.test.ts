/** The reference's answers for real photographs, and other photographs on every kernel, where `../shared` has them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { hashImage, hashImages, type ImageHash } from "../../dist/index.js";
import { type OrientationHashes } from "../../dist/hash/orientations.js";
import { root } from "../support/run.ts";

const shared = join(root, "../shared");
const real = join(shared, "vectors/real");
const photos = join(shared, "photos");

const csv = join(real, "bridge-mods.csv");
const [head = "", ...lines] = existsSync(csv) ? readFileSync(csv, "utf8").trim().split(/\r?\n/) : [];
const names = head.split(",");
const rows = lines.map((line) => new Map(line.split(",").map((value, i) => [names[i]!, value])));

/** The answers in the columns that begin with `prefix`. */
function expected(row: Map<string, string>, prefix: "core_fullres" | "cli"): ImageHash {
  const column = (name: string): string => row.get(`${prefix}_${name}`)!;
  const turned = ["rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"];
  const orientations = Object.fromEntries(turned.map((name) => [name, column(name)]));
  return {
    hash: column("hash"),
    quality: Number(column("quality")),
    stable: true,
    width: Number(row.get("width")),
    height: Number(row.get("height")),
    orientations: { orig: column("hash"), ...orientations } as OrientationHashes,
  };
}

describe("12 altered versions of one photograph", () => {
  test("at full size, and as the reference's command-line tool", async (ctx) => {
    if (rows.length === 0) return ctx.skip("skipped: needs ../shared/vectors/real");
    expect(rows).toHaveLength(12);
    for (const row of rows) {
      const path = join(real, row.get("path")!);
      expect(await hashImage(path, { orientations: true }), path).toEqual(expected(row, "core_fullres"));
      expect(await hashImage(path, { orientations: true, compat: "cpp-cli" }), path).toEqual(expected(row, "cli"));
    }
  });
});

describe("100 photographs", () => {
  it("hash alike on every kernel and by both methods", async (ctx) => {
    if (!existsSync(photos)) return ctx.skip("skipped: needs ../shared/photos");
    const paths = ["kodak", "bsds-train"].flatMap((folder) =>
      readdirSync(join(photos, folder)).map((file) => join(photos, folder, file)),
    );
    expect(paths).toHaveLength(100);
    const all = async (options: object): Promise<Map<string, ImageHash | string>> => {
      const found = new Map<string, ImageHash | string>();
      for await (const { input, result, error } of hashImages(paths, { orientations: true, ...options })) {
        found.set(input, error ? error.message : result);
      }
      return found;
    };
    const exact = await all({ method: "exact", kernel: "portable" });
    expect([...exact.values()].filter((result) => typeof result === "string")).toEqual([]);
    const hashes = [...exact.values()].map((result) => (result as ImageHash).hash);
    expect(new Set(hashes).size).toBe(100);
    expect(await all({})).toEqual(exact);
    expect(await all({ kernel: "portable" })).toEqual(exact);
    expect(await all({ method: "exact" })).toEqual(exact);
  });
});
