/** One word for one thing: the words that HACKING.md retired do not come back, in sources, documents or help. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { documents } from "../../support/documents.ts";
import { root } from "../../support/run.ts";
import {
  commentsOfCpp,
  commentsOfTypeScript,
  identifiersOfCpp,
  identifiersOfTypeScript,
  partsOf,
  type Retired,
  retiredInProse,
  retiredNames,
} from "../../support/words.ts";

const names = ["typescript", "c++"] as const;
const everywhere = ["typescript", "c++", "prose"] as const;

/** The glossary's list, with where each word is wrong. */
const retired: readonly Retired[] = [
  { word: "settle", instead: "decide, checkpoint, clamp, …: what it does", places: everywhere },
  { word: "settled", instead: "as settle", places: everywhere },
  { word: "settles", instead: "as settle", places: everywhere },
  { word: "look", instead: "search, view, sampling plan", places: names },
  { word: "looks", instead: "search, view, sampling plan", places: names },
  { word: "told", instead: "reported, known, recognized by", places: everywhere },
  { word: "asked", instead: "requested, queried, consulted", places: everywhere },
  { word: "way", instead: "method (of hashing), strategy (of searching)", places: names },
  { word: "ways", instead: "methods, strategies", places: names },
  { word: "variant", instead: "orientation, view", places: everywhere },
  { word: "variants", instead: "orientations, views", places: everywhere },
  { word: "dihedral", instead: "orientations", places: ["typescript", "prose"] },
  { word: "derived", instead: "crop", places: names },
  { word: "degenerate", instead: "trivial hash", places: everywhere },
  { word: "witness", instead: "support", places: everywhere },
  { word: "witnesses", instead: "supportCount", places: everywhere },
  { word: "sighting", instead: "candidate", places: everywhere },
  { word: "sightings", instead: "candidates", places: everywhere },
  { word: "everything", instead: "includeWeak", places: names },
  { word: "wide", instead: "support radius", places: ["typescript"] },
  { word: "worth", instead: "weight", places: names },
  { word: "drawn", instead: "synthetic", places: names },
  { word: "picture", instead: "image", places: names },
  { word: "pictures", instead: "images", places: names },
  { word: "ending", instead: "withdrawal, removal, exit", places: names },
  { word: "vouch", instead: "mark valid", places: everywhere },
  { word: "vouched", instead: "marked valid", places: everywhere },
  { word: "moment", instead: "revision time", places: names },
];

/** Verbs, where the noun is retired. */
const allowed: ReadonlySet<string> = new Set(["lookUp", "looksLikeHash"]);

function files(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => pattern.test(name))
    .map((name) => posix.join(folder, name.replaceAll("\\", "/")));
}

/** The table of retired words in HACKING.md. */
const retiredTable = (text: string): string => /### Retired words[\s\S]*?(?=\n## )/.exec(text)?.[0] ?? "";
const blankLines = (text: string): string => text.replace(/[^\n]/g, "");

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const prefix = (path: string, found: readonly string[]): string[] => found.map((one) => `${path}, ${one}`);

describe("the words", () => {
  test("every retired word is in HACKING.md's list, and the other way round", () => {
    const rows = [...retiredTable(read("HACKING.md")).matchAll(/^\| (\*.*?) \|/gm)];
    const listed = rows.flatMap(([, cell]) => [...cell!.matchAll(/\*(\w+)\*/g)].map(([, word]) => word!));
    const stems = retired.map(({ word }) => word);
    expect(listed.length).toBeGreaterThan(15);
    expect(listed.filter((word) => !stems.includes(word))).toEqual([]);
    const known = (word: string): boolean => listed.some((one) => word.startsWith(one));
    expect(stems.filter((word) => !known(word))).toEqual([]);
  });

  test("are not retired ones in identifiers of src/", () => {
    const found = files("src", /\.ts$/).flatMap((path) =>
      prefix(path, retiredNames(identifiersOfTypeScript(read(path)), "typescript", retired, allowed)),
    );
    expect(found).toEqual([]);
  });

  test("are not retired ones in identifiers of native/ and bindings/", () => {
    const found = ["native", "bindings"].flatMap((folder) =>
      files(folder, /\.(h|cc)$/).flatMap((path) =>
        prefix(path, retiredNames(identifiersOfCpp(read(path)), "c++", retired, allowed)),
      ),
    );
    expect(found).toEqual([]);
  });

  test("are not retired ones in comments", () => {
    const inCpp = retired.filter(({ word }) => word !== "dihedral");
    const found = ["src", "native", "bindings"].flatMap((folder) =>
      files(folder, /\.(ts|h|cc)$/).flatMap((path) =>
        prefix(
          path,
          path.endsWith(".ts")
            ? retiredInProse(commentsOfTypeScript(read(path)), retired)
            : retiredInProse(commentsOfCpp(read(path)), inCpp),
        ),
      ),
    );
    expect(found).toEqual([]);
  });

  test("are not retired ones in documents", () => {
    const found = documents()
      .filter(({ path }) => !/^(CHANGELOG\.md|fixtures\/)/.test(path))
      .flatMap(({ path, text }) => prefix(path, retiredInProse(text.replace(retiredTable(text), blankLines), retired)));
    expect(found).toEqual([]);
  });
});

describe("the rule for words can fail", () => {
  const inTypeScript = (text: string): string[] =>
    retiredNames(identifiersOfTypeScript(text), "typescript", retired, new Set(["variantOfTheLibrary"]));
  const inCpp = (text: string): string[] => retiredNames(identifiersOfCpp(text), "c++", retired, new Set());

  test("an identifier is split at capitals and underscores", () => {
    expect(partsOf("searchWay")).toEqual(["search", "way"]);
    expect(partsOf("EMP_WAY_AUTO")).toEqual(["emp", "way", "auto"]);
    expect(partsOf("HTTPLook2")).toEqual(["http", "look"]);
    expect(partsOf("#outlook")).toEqual(["outlook"]);
  });

  test("a retired name is found in TypeScript, and not in its comments and strings", () => {
    expect(inTypeScript("const searchWay = 1;\nfunction settle(): void {}")).toEqual([
      "line 1: searchWay (way)",
      "line 2: settle (settle)",
    ]);
    expect(inTypeScript("class A { #toldBy = 0; ending(): void {} }")).toHaveLength(2);
    expect(inTypeScript('// a way\nconst away = "way";\nconst variantOfTheLibrary = 1;')).toEqual([]);
  });

  test("a retired name is found in C++, where dihedral is right", () => {
    expect(inCpp("struct Look {\n  int search_way;\n};")).toEqual(["line 1: Look (look)", "line 2: search_way (way)"]);
    expect(inCpp('// look\n#include "look.h"\nint dihedral; /* way */ const char* a = "way";')).toEqual([]);
  });

  test("a retired word is found in a comment, and not in code or strings", () => {
    const source = 'const told = "told"; // told\n/** As\n * asked. */\nconst a = `told ${/* asked */ 1}`;\n';
    expect(retiredInProse(commentsOfTypeScript(source), retired)).toEqual([
      "line 1: told",
      "line 3: asked",
      "line 4: asked",
    ]);
    const cpp = 'int told; // told\nconst char* a = "// asked"; /* asked */\n';
    expect(retiredInProse(commentsOfCpp(cpp), retired)).toEqual(["line 1: told", "line 2: asked"]);
  });

  test("a retired word is found in prose, and not in code", () => {
    expect(retiredInProse("One.\nIt is Told so.", retired)).toEqual(["line 2: told"]);
    expect(retiredInProse("`told`\n```\ntold\n```\nThe toldly way.", retired)).toEqual([]);
  });
});
