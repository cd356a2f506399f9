/**
 * Finds the words that the glossary of HACKING.md retired: as parts of identifiers, and as words in comments, strings,
 * titles of tests and documents.
 */
import ts from "typescript";

/**
 * What a word is part of. A name is an identifier, a column of SQL, or a string that is one word, such as an option's
 * value.
 */
export type Place = "typescript" | "c++" | "prose";

/** A retired word, where it is wrong, and what to write instead. */
export interface Retired {
  /** One word in lower case, or several with a space between them, which only prose can have. */
  word: string;
  instead: string;
  /** Some words are ordinary English, and wrong only as names. */
  places: readonly Place[];
}

/** Text with the line where it begins. */
export interface Found {
  text: string;
  line: number;
}

/** The texts of a source. */
export interface Texts {
  identifiers: Found[];
  comments: Found[];
  strings: Found[];
}

/**
 * Returns what says whether a source may have a retired word anywhere, so that it is worth parsing: the first word of
 * a phrase in lower or upper case or with a capital, as a part of a name or as a word of prose.
 */
export function mayHave(retired: readonly Retired[]): (text: string) => boolean {
  const firsts = [...new Set(retired.map(({ word }) => word.split(" ")[0]!))];
  const cases = firsts.flatMap((word) => {
    const tail = word.slice(1);
    const capital = word[0]!.toUpperCase();
    return [`(?<![a-z])${word}(?![a-z])`, `${capital}${tail}(?![a-z])`, `${capital}${tail.toUpperCase()}`];
  });
  const pattern = new RegExp(cases.join("|"));
  return (text) => pattern.test(text);
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

function parse(text: string, setParents = true): ts.SourceFile {
  return ts.createSourceFile("source.ts", text, ts.ScriptTarget.ES2022, setParents);
}

/** Returns the text of a literal or of a piece of a template, and undefined for any other node. */
function literal(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) return node.text;
  if (ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) return node.text;
  return undefined;
}

/** The identifiers, comments and strings of a TypeScript source. A module's name in an import is none of them. */
export function textsOfTypeScript(text: string): Texts {
  const file = parse(text);
  const lineAt = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;
  const found: Texts = { identifiers: [], comments: [], strings: [] };
  // Where what looks like a comment is part of a literal. Literals do not overlap.
  const literals: { from: number; to: number }[] = [];
  const visit = (node: ts.Node): void => {
    const string = literal(node);
    if (string !== undefined || ts.isRegularExpressionLiteral(node)) {
      literals.push({ from: node.getStart(file), to: node.getEnd() });
    }
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      found.identifiers.push({ text: node.text, line: lineAt(node.getStart(file)) });
    } else if (string !== undefined && !ts.isImportDeclaration(node.parent) && !ts.isExportDeclaration(node.parent)) {
      found.strings.push({ text: string, line: lineAt(node.getStart(file)) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  literals.sort((one, other) => one.from - other.from);
  let from = 0;
  for (const next of [...literals, { from: text.length, to: text.length }]) {
    for (const { 0: comment, index } of text.slice(from, next.from).matchAll(/\/\/.*|\/\*[\s\S]*?\*\//g)) {
      found.comments.push({ text: comment, line: lineAt(from + index) });
    }
    from = next.to;
  }
  return found;
}

/** The identifiers, comments and strings of a C++ source. An included file's name is none of them. */
export function textsOfCpp(text: string): Texts {
  const found: Texts = { identifiers: [], comments: [], strings: [] };
  const pieces =
    /^\s*#\s*include[^\n]*|"((?:[^"\\\n]|\\.)*)"|'(?:[^'\\\n]|\\.)'|(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|([A-Za-z_]\w*)|\d[\w.']*/gm;
  let line = 1;
  let at = 0;
  for (const match of text.matchAll(pieces)) {
    line += text.slice(at, match.index).split("\n").length - 1;
    at = match.index;
    const [, string, comment, identifier] = match;
    if (string !== undefined) found.strings.push({ text: string, line });
    else if (comment !== undefined) found.comments.push({ text: comment, line });
    else if (identifier !== undefined) found.identifiers.push({ text: identifier, line });
  }
  return found;
}

/** The titles of the tests and groups of a test file. */
export function titlesOf(text: string): Found[] {
  const file = parse(text, false);
  const found: Found[] = [];
  /** `test`, `it.skipIf(…)` and `describe.each(…)` → the first name. */
  const rootOf = (node: ts.Expression): string => {
    if (ts.isIdentifier(node)) return node.text;
    if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return rootOf(node.expression);
    return "";
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ["test", "it", "describe"].includes(rootOf(node.expression))) {
      const [title] = node.arguments;
      if (title !== undefined && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) {
        found.push({
          text: title.getText(file),
          line: file.getLineAndCharacterOfPosition(title.getStart(file)).line + 1,
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** A document's prose with its lines: inline code and blocks of code are blanked. */
export function proseOf(markdown: string): Found {
  const blank = (match: string): string => match.replace(/[^\n]/g, " ");
  return { text: markdown.replace(/```[\s\S]*?```/g, blank).replace(/`[^`\n]*`/g, blank), line: 1 };
}

/**
 * The words of prose that are retired, as "line 3: look". A phrase may go over the end of a line, or of a comment's
 * line.
 */
export function retiredInProse(
  texts: readonly Found[],
  retired: readonly Retired[],
  allowed: readonly string[],
): string[] {
  const words = retired.filter(({ places }) => places.includes("prose")).map(({ word }) => word);
  return texts.flatMap(({ text, line }) => {
    const checked = allowed.reduce(
      (left, phrase) => left.replaceAll(phrase, (match) => "-".repeat(match.length)),
      text,
    );
    return words.flatMap((word) =>
      [...checked.matchAll(new RegExp(`\\b${word.replaceAll(" ", "[\\s/*]+")}\\b`, "gi"))].map(
        ({ index }) => `line ${line + checked.slice(0, index).split("\n").length - 1}: ${word}`,
      ),
    );
  });
}

/** Names that have a retired word among their parts, as "line 3: searchWay (way)". */
export function retiredNames(
  names: readonly Found[],
  place: "typescript" | "c++",
  retired: readonly Retired[],
  allowed: readonly string[],
): string[] {
  const words = new Set(retired.filter(({ places }) => places.includes(place)).map(({ word }) => word));
  return names
    .filter(({ text }) => !allowed.includes(text))
    .flatMap(({ text, line }) =>
      partsOf(text)
        .filter((part) => words.has(part))
        .map((part) => `line ${line}: ${text} (${part})`),
    );
}

/** The strings that are names: one word, as the value of an option, or a statement of SQL, word by word. */
export function namesIn(strings: readonly Found[]): Found[] {
  return strings.flatMap(({ text, line }) => {
    if (/^[\w-]+$/.test(text)) return [{ text, line }];
    if (!/\b(SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE|VALUES|REFERENCES)\b/.test(text)) return [];
    return [...text.matchAll(/\w+/g)].map(([name]) => ({ text: name, line }));
  });
}
