/** Finds the words that the glossary of HACKING.md retired: as identifiers in sources, as words in documents. */
import ts from "typescript";

/** A retired word, where it is still right, and what to write instead. */
export interface Retired {
  /** The word in lower case; an identifier that has it among its parts is rejected. */
  word: string;
  instead: string;
  /** Where the word is rejected. Some are ordinary English and only wrong as names. */
  places: readonly ("typescript" | "c++" | "prose")[];
}

/** "searchWay", "search_way" and "SearchWay2" → ["search", "way"]: the parts of an identifier, in lower case. */
export function partsOf(identifier: string): string[] {
  return identifier
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(/[^A-Za-z]+/)
    .filter(Boolean)
    .map((part) => part.toLowerCase());
}

/** The identifiers of a TypeScript source with their lines; neither comments nor strings count. */
export function identifiersOfTypeScript(text: string): { name: string; line: number }[] {
  const file = ts.createSourceFile("source.ts", text, ts.ScriptTarget.ES2022, true);
  const found: { name: string; line: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      found.push({ name: node.text, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The comments of a TypeScript source with everything else blanked, so that lines keep their numbers. */
export function commentsOfTypeScript(text: string): string {
  const file = ts.createSourceFile("source.ts", text, ts.ScriptTarget.ES2022, true);
  const kept = new Uint8Array(text.length);
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ]) {
      kept.fill(1, pos, end);
    }
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return text
    .split("")
    .map((character, i) => (kept[i] === 1 || character === "\n" ? character : " "))
    .join("");
}

/** The comments of a C++ source with everything else blanked. */
export function commentsOfCpp(text: string): string {
  const parts = /"(?:[^"\\\n]|\\.)*"|(\/\/[^\n]*|\/\*[\s\S]*?\*\/)/g;
  let comments = "";
  let end = 0;
  for (const match of text.matchAll(parts)) {
    if (match[1] === undefined) continue;
    comments += text.slice(end, match.index).replace(/[^\n]/g, " ") + match[1];
    end = match.index + match[1].length;
  }
  return comments;
}

/** The identifiers of a C++ source with their lines; comments, strings and includes are left out. */
export function identifiersOfCpp(text: string): { name: string; line: number }[] {
  const blank = (match: string): string => match.replace(/[^\n]/g, " ");
  const code = text
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/\/\/.*$/gm, blank)
    .replace(/"(?:[^"\\\n]|\\.)*"/g, blank)
    .replace(/^\s*#\s*include.*$/gm, blank);
  return [...code.matchAll(/[A-Za-z_]\w*/g)].map((match) => ({
    name: match[0],
    line: code.slice(0, match.index).split("\n").length,
  }));
}

/** The words of prose that are retired, as "line 3: look". Inline code and blocks of code do not count. */
export function retiredInProse(text: string, retired: readonly Retired[]): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, (match) => match.replace(/[^\n]/g, " ")).replace(/`[^`\n]*`/g, " ");
  const words = retired.filter(({ places }) => places.includes("prose")).map(({ word }) => word);
  return prose
    .split("\n")
    .flatMap((line, i) =>
      words.filter((word) => new RegExp(`\\b${word}\\b`, "i").test(line)).map((word) => `line ${i + 1}: ${word}`),
    );
}

/** Identifiers that have a retired word among their parts, as "line 3: searchWay (way)". */
export function retiredNames(
  identifiers: readonly { name: string; line: number }[],
  place: "typescript" | "c++",
  retired: readonly Retired[],
  allowed: ReadonlySet<string>,
): string[] {
  const words = new Set(retired.filter(({ places }) => places.includes(place)).map(({ word }) => word));
  return identifiers
    .filter(({ name }) => !allowed.has(name))
    .flatMap(({ name, line }) =>
      partsOf(name)
        .filter((part) => words.has(part))
        .map((part) => `line ${line}: ${name} (${part})`),
    );
}
