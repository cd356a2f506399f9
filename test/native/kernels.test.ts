import { afterAll, describe, expect, test } from "vitest";
import { hostCompiler, type Toolchain, usable, Workshop } from "../support/project/native.ts";
import { succeed, which } from "../support/run.ts";

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

// A weak function in two objects is linked once. Were the copy compiled for AVX-512 the one that is kept, every
// processor would run it.
describe("the kernels of newer processors", () => {
  test.for([
    ["x86_avx2", "-O3"],
    ["x86_avx512", "-O3"],
    ["x86_avx2", "-O0"],
    ["x86_avx512", "-O0"],
  ] as const)("%s has no weak function with its instructions, compiled with %s", async ([name, level], ctx) => {
    const host: Toolchain = { compiler: hostCompiler() ?? "g++", arch: "x64", flags: [level] };
    if (process.arch !== "x64") ctx.skip("skipped: needs an x86-64 machine");
    if (which("objdump") === undefined) ctx.skip("skipped: needs objdump");
    if (!(await usable(host))) ctx.skip(`skipped: needs ${host.compiler}`);
    const object = await workshop.object(host, `native/kernels/${name}.cc`);
    const weak: string[] = (await succeed("nm", ["--defined-only", object])).match(/(?<= [WVu] ).*/gm) ?? [];
    const wide = await vectorFunctions(object);
    expect(wide.length).toBeGreaterThan(3);
    expect(wide.filter((symbol) => weak.includes(symbol))).toEqual([]);
  });
});

/** The functions of an object that have an AVX instruction: all of those begin with v. */
async function vectorFunctions(object: string): Promise<string[]> {
  const listing = await succeed("objdump", ["-d", "--no-show-raw-insn", object]);
  const [, ...parts] = listing.split(/^[0-9a-f]+ <(.+)>:$/m);
  return parts.filter((_, i) => i % 2 === 0 && /\tv[a-z]+ |%[yz]mm/.test(parts[i + 1] ?? ""));
}
