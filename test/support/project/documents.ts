/** The project's documents and the rules for their prose. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { type Markdown, parseMarkdown, sentences } from "./markdown.ts";
import { root } from "../run.ts";

export interface DocumentFile {
  /** From the root, with slashes. */
  path: string;
  text: string;
  markdown: Markdown;
}

/** Folders whose Markdown is not the project's prose. */
const foreign = /(^|\/)(node_modules|build|dist|site|coverage|prebuilds)(\/|$)/;

/** Every Markdown file of the project that is prose for people: at the root, in docs/, and beside the sources. */
export function documents(): DocumentFile[] {
  const inside = ["docs", "src", "native", "bindings", "test", "benchmarks", "examples", "packages", "fixtures"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
        posix.join(folder, name.replaceAll("\\", "/")),
      ),
    );
  return [...readdirSync(root), ...inside]
    .filter((path) => path.endsWith(".md") && !foreign.test(path) && statSync(join(root, path)).isFile())
    .toSorted()
    .map((path) => readDocument(path));
}

export function readDocument(path: string): DocumentFile {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, markdown: parseMarkdown(text) };
}

/** Sentences of paragraphs and of cells with more than `most` words, as "line 12 (43 words): It …". */
export function longSentences({ markdown }: DocumentFile, most: number): string[] {
  const found: string[] = [];
  for (const { line, text } of [...markdown.paragraphs, ...markdown.cells]) {
    for (const sentence of sentences(text)) {
      const words = sentence.split(" ").length;
      if (words > most) found.push(`line ${line} (${words} words): ${sentence.slice(0, 100)}`);
    }
  }
  return found;
}

/** The mean words of a sentence over the paragraphs; tables and code do not count. 0 if there is no prose. */
export function meanSentence({ markdown }: DocumentFile): number {
  const all = markdown.paragraphs.flatMap(({ text }) => sentences(text));
  const words = all.reduce((sum, sentence) => sum + sentence.split(" ").length, 0);
  return all.length === 0 ? 0 : words / all.length;
}

/** Relative links of a document that lead nowhere: to a file that is not there or a heading that its page has not. */
export function brokenLinks({ path, markdown }: DocumentFile): string[] {
  return markdown.links
    .filter(({ target }) => !/^[a-z]+:/i.test(target))
    .filter(({ target }) => !resolves(path, target))
    .map(({ line, target }) => `line ${line}: ${target}`);
}

function resolves(from: string, target: string): boolean {
  const [file, anchor] = target.split("#") as [string, string?];
  const path = file === "" ? from : posix.join(posix.dirname(from), file);
  if (path.startsWith("..") || !existsSync(join(root, path))) return false;
  if (anchor === undefined) return true;
  return path.endsWith(".md") && readDocument(path).markdown.headings.some((heading) => heading.anchor === anchor);
}
