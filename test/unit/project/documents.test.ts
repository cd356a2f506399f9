/** Documents that people can read: short sentences, short pages, links that lead somewhere. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  brokenLinks,
  type DocumentFile,
  documents,
  longSentences,
  meanSentence,
} from "../../support/project/documents.ts";
import { parseMarkdown, sentences } from "../../support/project/markdown.ts";
import { root } from "../../support/run.ts";

const all = documents();
const named = (path: string): DocumentFile => all.find((document) => document.path === path)!;

/** Documents that describe inputs of tests. */
const notProse = /^fixtures\//;

describe("the documents", () => {
  test("have the pages that the index of docs/ promises, and no other", () => {
    const pages = all.filter(({ path }) => path.startsWith("docs/") && path !== "docs/README.md");
    const listed = named("docs/README.md").markdown.links.map(({ target }) => `docs/${target}`);
    expect(pages.map(({ path }) => path)).toEqual(
      [...new Set(listed)].filter((path) => /^docs\/[\w-]+\.md$/.test(path)).toSorted(),
    );
    expect(pages.length).toBeGreaterThanOrEqual(12);
    const targets = new Set(named("README.md").markdown.links.map(({ target }) => target.replace(/#.*/, "")));
    expect(pages.map(({ path }) => path).filter((path) => !targets.has(path))).toEqual([]);
  });

  test("README.md has at most 150 lines", () => {
    expect(named("README.md").text.split("\n").length).toBeLessThanOrEqual(151);
  });

  test.each(all.filter(({ path }) => !notProse.test(path)).map(({ path }) => path))(
    "%s has short sentences",
    (path) => {
      expect(longSentences(named(path), 40)).toEqual([]);
      expect(meanSentence(named(path))).toBeLessThan(25);
    },
  );

  test("HACKING.md has no paragraph of more than 120 words", () => {
    const long = named("HACKING.md").markdown.paragraphs.filter(({ words }) => words > 120);
    expect(long.map(({ line, words }) => `line ${line}: ${words} words`)).toEqual([]);
  });

  test.each(all.map(({ path }) => path))("every relative link of %s leads to a file and a heading", (path) => {
    expect(brokenLinks(named(path))).toEqual([]);
  });

  test("every npm script that a document names exists", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const missing = all
      .filter(({ path }) => path !== "CHANGELOG.md")
      .flatMap(({ path, text }) =>
        [...text.matchAll(/npm run ([a-z][\w:-]*\w)(?![\w:])/g)]
          .map(([, name]) => name!)
          .filter((name) => scripts[name] === undefined)
          .map((name) => `${path}: npm run ${name}`),
      );
    expect(missing).toEqual([]);
  });

  test("every path of a documented vitest command exists", () => {
    const commands = all.flatMap(({ path, text }) =>
      [...text.matchAll(/npx vitest run ([^`\n]*)/g)].map(([, rest]) => ({ path, words: rest!.split(" ") })),
    );
    const missing = commands.flatMap(({ path, words }) =>
      words
        .filter((word) => word.includes("/") && !word.includes("…"))
        .filter((word) => !existsSync(join(root, word)))
        .map((word) => `${path}: ${word}`),
    );
    expect(commands.length).toBeGreaterThan(4);
    expect(missing).toEqual([]);
  });

  test("every file of this repository that HACKING.md and CONTRIBUTING.md name in code exists", () => {
    const missing = ["HACKING.md", "CONTRIBUTING.md"].flatMap((path) =>
      [...named(path).text.matchAll(/`((?:src|native|bindings|test|benchmarks|docs|examples|\.[a-z]+)\/[\w./-]+)`/g)]
        .map(([, name]) => name!)
        .filter((name) => !existsSync(join(root, name)))
        .map((name) => `${path}: ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

describe("the rules for documents can fail", () => {
  const page = (text: string, path = "docs/page.md"): DocumentFile => ({ path, text, markdown: parseMarkdown(text) });
  const words = (count: number): string => `${Array.from({ length: count }, () => "word").join(" ")}.`;

  test("a long sentence is found in a paragraph, in a list and in a table", () => {
    expect(longSentences(page(words(40)), 40)).toEqual([]);
    expect(longSentences(page(`Short.\nAnd ${words(40)}`), 40)).toHaveLength(1);
    expect(longSentences(page(`- one\n- ${words(41)}`), 40)).toEqual([expect.stringMatching(/^line 2 \(41 words\)/)]);
    expect(longSentences(page(`| a | b |\n| --- | --- |\n| c | ${words(41)} |`), 40)).toHaveLength(1);
    expect(longSentences(page("```\n" + words(99) + "\n```"), 40)).toEqual([]);
  });

  test("the mean counts sentences, and inline code and links as their words", () => {
    expect(meanSentence(page(`${words(10)} ${words(20)}`))).toBe(15);
    expect(meanSentence(page("Read [the page](https://example.org/a b) about `a b c d` now."))).toBe(6);
    expect(sentences("It ends here. (So does this.) Does it? Yes, e.g. version 5.1 does!")).toHaveLength(5);
  });

  test("a broken link is found: no file, no heading, outside the repository", () => {
    const target = (text: string): string[] => brokenLinks(page(`[x](${text})`));
    expect(target("https://example.org/none")).toEqual([]);
    expect(target("../HACKING.md#the-tree")).toEqual([]);
    expect(target("none.md")).toEqual(["line 1: none.md"]);
    expect(target("../HACKING.md#none")).toHaveLength(1);
    expect(target("#none")).toHaveLength(1);
    expect(target("../../etc/passwd")).toHaveLength(1);
  });
});
