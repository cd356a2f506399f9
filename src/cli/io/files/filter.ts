import { UsageError } from "../../table/parse.js";

interface Pattern {
  /** Matches a whole relative path where the glob has a slash inside, and otherwise one name. */
  expression: RegExp;
  /** Compared with the whole path, not with each name. */
  whole: boolean;
  foldersOnly: boolean;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** `[a-z]`, `[!0-9]`: the class as a regular expression has it, which never matches a slash. */
function classOf(inside: string): string {
  const negated = /^[!^]/.test(inside);
  const members = (negated ? inside.slice(1) : inside).replace(/[\\[\]^&~]/g, "\\$&");
  return negated ? `[^/${members}]` : `(?!/)[${members}]`;
}

function expressionOf(glob: string, text: string): RegExp {
  let source = "";
  for (let at = 0; at < glob.length;) {
    const rest = glob.slice(at);
    const start = at === 0 || glob[at - 1] === "/";
    const token = (start && /^\*\*\//.exec(rest)?.[0]) || /^(\*+|\?|\\.|\[[!^]?\]?[^\]]*\]|.)/su.exec(rest)![0];
    at += token.length;
    if (token === "**/") source += "(?:[^/]+/)*";
    else if (start && token === "**" && at === glob.length) source += ".+";
    else if (token.startsWith("*")) source += "[^/]*";
    else if (token === "?") source += "[^/]";
    else if (token === "[") throw new UsageError(`Expected a closing bracket in the pattern "${text}"`);
    else if (token.startsWith("[")) source += classOf(token.slice(1, -1));
    else source += literal(token.length > 1 && token.startsWith("\\") ? token.slice(1) : token);
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    throw new UsageError(`Expected a range in order in the pattern "${text}"`);
  }
}

function patternOf(text: string): Pattern {
  const glob = text.replace(/\/+$/, "").replace(/^\//, "");
  if (glob === "") throw new UsageError("Expected GLOB for --include and --exclude but received nothing");
  const whole = text.replace(/\/+$/, "").includes("/");
  return { expression: expressionOf(glob, text), whole, foldersOnly: text.endsWith("/") };
}

/** Returns whether the pattern matches the path, or a folder that leads to it. */
function covers({ expression, whole, foldersOnly }: Pattern, path: string, isFolder: boolean): boolean {
  const names = path.split("/");
  const last = names.length - 1;
  return names.some((name, i) => {
    if (foldersOnly && i === last && !isFolder) return false;
    return expression.test(whole ? names.slice(0, i + 1).join("/") : name);
  });
}

/**
 * The files that `--include` and `--exclude` leave. Paths are relative to the walked folder, with slashes. A glob
 * without a slash inside matches a name in any folder, one with a slash the whole path. A glob that matches a folder
 * covers everything in it. What is excluded stays so, whatever includes it.
 */
export class FileFilter {
  readonly #include: readonly Pattern[];
  readonly #exclude: readonly Pattern[];

  /** @throws {UsageError} on an invalid pattern. */
  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map(patternOf);
    this.#exclude = exclude.map(patternOf);
  }

  takesFile(path: string): boolean {
    if (this.#exclude.some((pattern) => covers(pattern, path, false))) return false;
    return this.#include.length === 0 || this.#include.some((pattern) => covers(pattern, path, false));
  }

  entersFolder(path: string): boolean {
    return !this.#exclude.some((pattern) => covers(pattern, path, true));
  }
}
