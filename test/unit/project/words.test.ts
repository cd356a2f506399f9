/** One word for one thing: the words that HACKING.md retired do not come back, in sources, tests, documents or help. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { documents } from "../../support/project/documents.ts";
import { root } from "../../support/run.ts";
import {
  type Found,
  mayHave,
  namesIn,
  partsOf,
  proseOf,
  type Retired,
  retiredInProse,
  retiredNames,
  type Texts,
  textsOfCpp,
  textsOfTypeScript,
  titlesOf,
} from "../../support/project/words.ts";

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
  { word: "picture", instead: "image", places: everywhere },
  { word: "pictures", instead: "images", places: everywhere },
  { word: "ending", instead: "withdrawal, removal, exit", places: names },
  { word: "vouch", instead: "mark valid", places: everywhere },
  { word: "vouched", instead: "marked valid", places: everywhere },
  { word: "moment", instead: "revision time", places: names },
  { word: "lies", instead: "is", places: ["prose"] },
  { word: "stands", instead: "is", places: ["prose"] },
  { word: "passed over", instead: "skipped, ignored", places: ["prose"] },
];

/** Names in which the word is a verb, a box of QuickTime, the browser's CSS, or a crop's name in stores and lists. */
const allowedNames: readonly string[] = ["lookUp", "looksLikeHash", "looksLikeMedia", "wide", "wide-screen"];

/** Phrases in which the word is right. */
const allowedPhrases: readonly string[] = [
  "picture in picture",
  "picture-in-picture",
  "stands for",
  "font-variant-numeric",
];

/** The core's field has the name that the reference's code gives to it. */
const inCpp: readonly Retired[] = retired.filter(({ word }) => word !== "dihedral");

function files(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => pattern.test(name) && !/(^|[\\/])(node_modules|dist|build)[\\/]/.test(name))
    .map((name) => posix.join(folder, name.replaceAll("\\", "/")));
}

/** The table of retired words in HACKING.md. */
const retiredTable = (text: string): string => /### Retired words[\s\S]*?(?=\n## )/.exec(text)?.[0] ?? "";
const blankLines = (text: string): string => text.replace(/[^\n]/g, "");

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The texts of every source of the library and the core, read once. */
const typescript = new Map(
  ["src", "packages"].flatMap((folder) => files(folder, /\.ts$/)).map(texts(textsOfTypeScript)),
);
const cpp = new Map(["native", "bindings"].flatMap((folder) => files(folder, /\.(h|cc)$/)).map(texts(textsOfCpp)));

/** What is around them: tests, benchmarks, tools, examples, fixtures, and scripts. */
const around = ["test", "benchmarks", "tools", "examples", "fixtures"];
const scripts = new Map(
  [
    ...around.flatMap((folder) => files(folder, /\.([cm]?ts|[cm]?js)$/)),
    ...["bindings", "docs", "packages", ".ci"].flatMap((folder) => files(folder, /\.[cm]?js$/)),
  ]
    .filter((path) => !path.endsWith("project/words.test.ts"))
    .map(texts(textsOfTypeScript)),
);
const testCpp = new Map(around.flatMap((folder) => files(folder, /\.(h|cc)$/)).map(texts(textsOfCpp)));

/** The texts of a source; none where it has no retired word anywhere, so that it need not be parsed. */
function texts(of: (text: string) => Texts): (path: string) => [string, Texts] {
  const worthParsing = mayHave(retired);
  return (path) => {
    const text = read(path);
    return [path, worthParsing(text) ? of(text) : { identifiers: [], comments: [], strings: [] }];
  };
}

/** What `check` finds in each source, behind its path. */
function found(sources: ReadonlyMap<string, Texts>, check: (texts: Texts) => string[]): string[] {
  return [...sources].flatMap(([path, one]) => check(one).map((text) => `${path}, ${text}`));
}

describe("the words", () => {
  test("every retired word is in HACKING.md's list, and the other way round", () => {
    const rows = [...retiredTable(read("HACKING.md")).matchAll(/^\| (\*.*?) \|/gm)];
    const listed = rows.flatMap(([, cell]) => [...cell!.matchAll(/\*([\w ]+)\*/g)].map(([, word]) => word!));
    const stems = retired.map(({ word }) => word);
    expect(listed.length).toBeGreaterThan(15);
    expect(listed.filter((word) => !stems.includes(word))).toEqual([]);
    const known = (word: string): boolean => listed.some((one) => word.startsWith(one));
    expect(stems.filter((word) => !known(word))).toEqual([]);
  });

  test("are not retired ones in identifiers of src/ and packages/", () => {
    expect(typescript.size).toBeGreaterThan(200);
    expect(found(typescript, (one) => retiredNames(one.identifiers, "typescript", retired, allowedNames))).toEqual([]);
  });

  test("are not retired ones in the values of options and in SQL", () => {
    const allowed = [...allowedNames, "picture"];
    expect(found(typescript, (one) => retiredNames(namesIn(one.strings), "typescript", retired, allowed))).toEqual([]);
  });

  test("are not retired ones in errors, help and other strings of src/ and packages/", () => {
    expect(found(typescript, (one) => retiredInProse(one.strings, retired, allowedPhrases))).toEqual([]);
  });

  test("are not retired ones in identifiers of native/ and bindings/", () => {
    expect(cpp.size).toBeGreaterThan(100);
    expect(found(cpp, (one) => retiredNames(one.identifiers, "c++", inCpp, allowedNames))).toEqual([]);
  });

  test("are not retired ones in strings of native/ and bindings/", () => {
    expect(found(cpp, (one) => retiredInProse(one.strings, inCpp, allowedPhrases))).toEqual([]);
  });

  test("are not retired ones in comments", () => {
    expect(found(typescript, (one) => retiredInProse(one.comments, retired, allowedPhrases))).toEqual([]);
    expect(found(cpp, (one) => retiredInProse(one.comments, inCpp, allowedPhrases))).toEqual([]);
  });

  test("are not retired ones in tests, benchmarks, tools, examples and scripts", () => {
    expect(scripts.size).toBeGreaterThan(200);
    expect(testCpp.size).toBeGreaterThan(10);
    // The known answers have the reference's names.
    const allowed = [...allowedNames, "allSettled", "dihedral", "lookUps"];
    expect(found(scripts, (one) => retiredNames(one.identifiers, "typescript", retired, allowed))).toEqual([]);
    expect(found(scripts, (one) => retiredInProse(one.comments, retired, allowedPhrases))).toEqual([]);
    expect(found(testCpp, (one) => retiredNames(one.identifiers, "c++", inCpp, allowedNames))).toEqual([]);
    expect(found(testCpp, (one) => retiredInProse(one.comments, inCpp, allowedPhrases))).toEqual([]);
  });

  test("are not retired ones in the titles of tests", () => {
    const tests = files("test", /\.test\.ts$/);
    expect(tests.length).toBeGreaterThan(80);
    // This file's own titles show what is found.
    const titles = tests
      .filter((path) => !path.endsWith("/words.test.ts"))
      .map((path) => [path, titlesOf(read(path))] as const);
    expect(titles.flatMap(([, one]) => one).length).toBeGreaterThan(800);
    expect(
      titles.flatMap(([path, one]) => retiredInProse(one, retired, allowedPhrases).map((text) => `${path}, ${text}`)),
    ).toEqual([]);
  });

  test("are not retired ones in documents", () => {
    const inDocuments = documents()
      .filter(({ path }) => !path.startsWith("fixtures/"))
      .flatMap(({ path, text }) =>
        retiredInProse([proseOf(text.replace(retiredTable(text), blankLines))], retired, allowedPhrases).map(
          (one) => `${path}, ${one}`,
        ),
      );
    expect(inDocuments).toEqual([]);
  });
});

describe("the rule for words can fail", () => {
  const inTypeScript = (text: string): string[] =>
    retiredNames(textsOfTypeScript(text).identifiers, "typescript", retired, ["variantOfTheLibrary"]);
  const inNative = (text: string): string[] => retiredNames(textsOfCpp(text).identifiers, "c++", inCpp, []);
  const inProse = (texts: readonly Found[]): string[] => retiredInProse(texts, retired, allowedPhrases);

  test("an identifier is split at capitals and underscores", () => {
    expect(partsOf("searchWay")).toEqual(["search", "way"]);
    expect(partsOf("EMP_WAY_AUTO")).toEqual(["emp", "way", "auto"]);
    expect(partsOf("HTTPLook2")).toEqual(["http", "look"]);
    expect(partsOf("#outlook")).toEqual(["outlook"]);
  });

  test("a source is parsed where a retired word may be in it, and not where it is a part of other words", () => {
    const may = mayHave(retired);
    const some = ["searchWay", "EMP_WAY_AUTO", "HTTPLook2", "told,", "was Told", "passed\n * over", "a2way", "ways"];
    expect(some.filter((text) => !may(text))).toEqual([]);
    expect(["away", "always", "Outlook", "toldly", "retold", "lifeways", "overlooked"].filter(may)).toEqual([]);
    expect(
      retired.filter(({ word }) => !may(`a ${word} b`) || !may(`x${word[0]!.toUpperCase()}${word.slice(1)}`)),
    ).toEqual([]);
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
    expect(inNative("struct Look {\n  int search_way;\n};")).toEqual([
      "line 1: Look (look)",
      "line 2: search_way (way)",
    ]);
    expect(inNative('// look\n#include "look.h"\nint dihedral; /* way */ const char* a = "way";')).toEqual([]);
  });

  test("a retired word is found in a comment, and not in code or strings", () => {
    const source = 'const told = "told"; // told\n/** As\n * asked. */\nconst a = `told ${/* asked */ 1}`;\n';
    expect(inProse(textsOfTypeScript(source).comments)).toEqual(["line 1: told", "line 3: asked", "line 4: asked"]);
    const cpp = 'int told; // told\nconst char* a = "// asked"; /* asked */\n';
    expect(inProse(textsOfCpp(cpp).comments)).toEqual(["line 1: told", "line 2: asked"]);
  });

  test("a retired phrase is found over the end of a line, and an allowed phrase is not", () => {
    expect(inProse(textsOfCpp("// It is passed\n// over.").comments)).toEqual([]);
    expect(inProse(textsOfTypeScript("/** It is passed\n * over. A picture in picture. */").comments)).toEqual([
      "line 1: passed over",
    ]);
    expect(inProse([{ text: "1 stands for a\npicture.", line: 5 }])).toEqual(["line 6: picture"]);
  });

  test("a retired word is found in an error or in help, and not in an import", () => {
    const source = 'import "./told.js";\nthrow new Error(`it is\n${a} told\n${b} so`);\nconst help = "Asked for.";';
    expect(inProse(textsOfTypeScript(source).strings)).toEqual(["line 3: told", "line 5: asked"]);
    expect(inProse(textsOfCpp('#include "told.h"\nfail("was told");').strings)).toEqual(["line 2: told"]);
  });

  test("a retired name is found in SQL and in the value of an option, and not in other strings", () => {
    const source = 'sql("SELECT moment FROM revision"); const kind = "drawn"; note("a moment later");';
    const inStrings = retiredNames(namesIn(textsOfTypeScript(source).strings), "typescript", retired, []);
    expect(inStrings).toEqual(["line 1: moment (moment)", "line 1: drawn (drawn)"]);
  });

  test("a retired word is found in the title of a test", () => {
    const source =
      'describe("told", () => {\n  test.each(all)(`%s ${a} asked`, () => {});\n  it.skipIf(b)("a", c("told"));\n});';
    expect(inProse(titlesOf(source))).toEqual(["line 1: told", "line 2: asked"]);
  });

  test("a retired word is found in prose, and not in code", () => {
    expect(inProse([proseOf("One.\nIt is Told so.")])).toEqual(["line 2: told"]);
    expect(inProse([proseOf("`told`\n```\ntold\n```\nThe toldly way.")])).toEqual([]);
  });
});
