import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, succeed, which } from "../../support/run.ts";

const places = ["build/Release/empreinte.node", `prebuilds/${process.platform}-${process.arch}/empreinte.node`];
const addon = places.map((place) => join(root, place)).find((place) => existsSync(place));

/** The highest version of one kind that the addon asks of the system's libraries, [0] when it asks for none. */
function highest(table: string, kind: string): number[] {
  const versions = [...table.matchAll(new RegExp(`\\b${kind}_(\\d+(?:\\.\\d+)*)\\b`, "g"))];
  const numbers = versions.map(([, version]) => version!.split(".").map(Number));
  return numbers.sort(compare).at(-1) ?? [0];
}

function compare(a: number[], b: number[]): number {
  const at = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) - (b[i] ?? 0));
  return at.find((difference) => difference !== 0) ?? 0;
}

describe("what the addon asks of the system", () => {
  test("the comparison can fail", () => {
    const table = "GLIBC_2.2.5) memcpy\n(GLIBC_2.34) dlopen\n(GLIBC_2.4) x\n(GLIBCXX_3.4.30) y";
    expect(highest(table, "GLIBC")).toEqual([2, 34]);
    expect(highest(table, "GLIBCXX")).toEqual([3, 4, 30]);
    expect(compare([2, 34], [2, 28])).toBeGreaterThan(0);
    expect(compare([2, 4], [2, 28])).toBeLessThan(0);
  });

  // Node 20 itself needs glibc 2.28 and libstdc++ 3.4.21.
  test("no newer glibc than 2.28, no newer libstdc++ than 3.4.26", async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs Linux");
    if (which("objdump") === undefined) ctx.skip("skipped: needs objdump");
    if (addon === undefined) return ctx.skip("skipped: needs build/Release/empreinte.node");
    const table = await succeed("objdump", ["-T", addon]);
    expect(table).toContain("napi_register_module_v1");
    expect(compare(highest(table, "GLIBC"), [2, 28]), `GLIBC_${highest(table, "GLIBC").join(".")}`).toBeLessThanOrEqual(
      0,
    );
    const cxx = highest(table, "GLIBCXX");
    expect(compare(cxx, [3, 4, 26]), `GLIBCXX_${cxx.join(".")}`).toBeLessThanOrEqual(0);
  });

  test("the core exports nothing but its door to Node", async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs Linux");
    if (which("nm") === undefined) ctx.skip("skipped: needs nm");
    if (addon === undefined) return ctx.skip("skipped: needs build/Release/empreinte.node");
    const exported = (await succeed("nm", ["-D", "--defined-only", addon])).trim().split("\n");
    const names = exported.map((line) => line.split(" ").at(-1)!.replace(/@.*/, ""));
    expect(names).toContain("napi_register_module_v1");
    expect(names.filter((name) => /emp_|empreinte/.test(name))).toEqual([]);
  });
});

describe("the types of the core", () => {
  // Nearly all are in one namespace: with two types of one name, the linker may keep the functions of either.
  test("have one definition each in its headers", () => {
    const headers = readdirSync(join(root, "native"), { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".h") && !name.startsWith("kernels"),
    );
    expect(headers.length).toBeGreaterThan(60);
    const places = new Map<string, string[]>();
    for (const header of headers) {
      const text = readFileSync(join(root, "native", header), "utf8");
      for (const [, name] of text.matchAll(/^(?:struct|class|enum class|union) (\w+)\b[^;{]*\{/gm)) {
        places.set(name!, [...(places.get(name!) ?? []), header]);
      }
    }
    expect(places.size).toBeGreaterThan(100);
    expect([...places].filter(([, found]) => found.length > 1)).toEqual([]);
  });
});
