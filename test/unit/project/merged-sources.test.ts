import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { groupsOf, merged, withHeaders } from "../../support/project/merged-sources.mjs";

const root = mkdtempSync(join(tmpdir(), "empreinte-merged-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const [file, text] of Object.entries({
  "core/base.h": "#pragma once\nstruct Base {\n  int a;\n};\n",
  "core/deep/other.h": '#pragma once\n#include "../base.h"\nstruct Other {\n  int b;\n};\n',
  "core/deep/twin.h": "#pragma once\nstruct Other {\n  double c;\n};\n",
  "core/plain.cc": '#include "base.h"\nint plain(const Base& base) { return base.a; }\n',
  "core/helper.cc": "namespace {\nint helper(int a) { return a; }\n}  // namespace\nint f() { return helper(1); }\n",
  "core/same.cc": "namespace {\nint helper(int a) { return -a; }\n}  // namespace\nint g() { return helper(1); }\n",
  "core/constant.cc": "namespace {\nconstexpr int kMost = 3;\n}  // namespace\nint h() { return kMost; }\n",
  "core/field.cc": "struct Field {\n  int kMost;\n};\nint i(Field field) { return field.kMost; }\n",
  "core/macro.cc": "#define TWICE(x) ((x) * 2)\nint j() { return TWICE(1); }\n",
  "core/alias.cc": "using Twice = int;\nTwice k() { return 1; }\n",
  "core/deep/one.cc": '#include "other.h"\nint l(Other other) { return other.b; }\n',
  "core/deep/two.cc": '#include "twin.h"\ndouble m(Other other) { return other.c; }\n',
})) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
const core = (...names: string[]): string[] => names.map((name) => `core/${name}.cc`);

describe("sources that are merged", () => {
  test("keep apart what has the same names for different things", () => {
    for (const pair of [
      core("helper", "same"),
      core("constant", "field"),
      core("field", "constant"),
      core("deep/one", "deep/two"),
    ]) {
      expect(groupsOf(root, pair, 9)).toEqual(pair.map((file) => [file]));
    }
    const alike = core("plain", "helper", "constant", "macro", "alias", "deep/one");
    expect(groupsOf(root, alike, 9)).toEqual([alike]);
    expect(groupsOf(root, alike, 4)).toEqual([alike.slice(0, 4), alike.slice(4)]);
    const all = [...alike, ...core("same", "field", "deep/two")];
    expect(groupsOf(root, all, 9)).toEqual([alike, core("same", "field", "deep/two")]);
  });

  test("are one text, whose includes are found from the root", () => {
    const text = merged(root, core("plain", "deep/one"));
    expect(text.match(/#include .*/g)).toEqual(['#include "core/base.h"', '#include "core/deep/other.h"']);
    expect(text).toMatch(/int plain[^]*int l\(/);
  });

  test("have headers of headers", () => {
    const headers = ["core/deep/one.cc", "core/deep/other.h", "core/base.h"];
    expect([...withHeaders(root, "core/deep/one.cc")]).toEqual(headers);
  });
});
