import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../support/run.ts";

// Prettier leaves comments as they are.

const longest = 120;

/** The lines of a text that are comments of more than 120 characters. */
function longLines(text: string): number[] {
  return text
    .split("\n")
    .flatMap((line, i) => (line.length > longest && /^\s*(\*|\/\/|\/\*)/.test(line) ? [i + 1] : []));
}

describe("comments", () => {
  test("the rule can fail", () => {
    const long = "x".repeat(120);
    expect(longLines(`/** ${long} */\n// ${long}\n * ${long}\nconst a = "${long}";\n// ${long.slice(3)}`)).toEqual([
      1, 2, 3,
    ]);
  });

  test("have at most 120 characters a line", (ctx) => {
    let names: string;
    try {
      names = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8", stdio: "pipe" });
    } catch {
      return ctx.skip("skipped: needs git and its folder");
    }
    const sources = names.split("\n").filter((name) => /\.([cm]?[jt]s|h|cc)$/.test(name));
    expect(sources.length).toBeGreaterThan(800);
    const long = sources.flatMap((name) =>
      longLines(readFileSync(join(root, name), "utf8")).map((line) => `${name}:${line}`),
    );
    expect(long).toEqual([]);
  });
});
