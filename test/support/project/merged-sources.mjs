// C++ sources as few merged ones. A tool that reads each source by itself spends most of its time in the headers of the
// system, which a merged source has once. Sources are merged where the names that one keeps for itself mean nothing in
// another. The names are found by the layout of clang-format; one that is missed shows as an error of the merged
// source.
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const include = /^(\s*#include )"([^"]+)"/gm;

/**
 * A source and the headers of the tree that it includes, directly or not.
 * @param {string} root the folder that paths begin in.
 * @param {string} file the source's path.
 * @param {Set<string>} seen receives the paths.
 */
export function withHeaders(root, file, seen = new Set()) {
  if (seen.has(file) || !existsSync(join(root, file))) return seen;
  seen.add(file);
  for (const [, , name] of readFileSync(join(root, file), "utf8").matchAll(include)) {
    withHeaders(root, posix.join(posix.dirname(file), name), seen);
  }
  return seen;
}

const bare = (text) => text.replaceAll(/\/\/.*$/gm, "").replaceAll(/"(\\.|[^"\\\n])*"/g, '""');

/** The name that a line at the margin declares, or undefined. */
function declared(line) {
  if (!/^\w/.test(line) || /^(?:template|using namespace|namespace|static_assert)\b/.test(line)) return undefined;
  const type = /^(?:struct|class|union|enum class|enum) (\w+)(?!.*;)/.exec(line)?.[1];
  const alias = /^using (?:\w+::)*(\w+)/.exec(line)?.[1];
  return type ?? alias ?? /\b(\w+)\s*[(=[{;,]/.exec(line.replaceAll(/<[^<>()]*>/g, ""))?.[1];
}

/** The names that a source keeps for itself: those of its unnamed namespaces, static ones, aliases and macros. */
function ownNames(text) {
  const names = new Set();
  let unnamed = false;
  for (const line of text.split("\n")) {
    if (line === "namespace {") unnamed = true;
    if (line === "}  // namespace") unnamed = false;
    const macro = /^\s*#define (\w+)/.exec(line)?.[1];
    const name = macro ?? (unnamed || /^(?:static|using) /.test(line) ? declared(bare(line)) : undefined);
    if (name !== undefined) names.add(name);
  }
  return names;
}

/** What a source has: its own names, all words, and where in the headers each type and constant is defined. */
function contents(root, file) {
  const own = ownNames(readFileSync(join(root, file), "utf8"));
  const words = new Set();
  const definitions = new Map();
  for (const path of withHeaders(root, file)) {
    const text = bare(readFileSync(join(root, path), "utf8"));
    for (const word of text.match(/[A-Za-z_]\w*/g) ?? []) words.add(word);
    if (path === file) continue;
    for (const [, name] of text.matchAll(/^(?:struct|class|enum class|enum) (\w+)[^;]*$/gm))
      definitions.set(name, path);
  }
  return { own, words, definitions };
}

/**
 * Whether a name is of a type, a constant or a macro: a function may have another's name if it takes other arguments.
 */
const capital = (name) => /^k?[A-Z]/.test(name);

function collide(one, other) {
  for (const name of one.own) if (other.own.has(name) || (capital(name) && other.words.has(name))) return true;
  for (const name of other.own) if (capital(name) && one.words.has(name)) return true;
  for (const [name, path] of one.definitions) if ((other.definitions.get(name) ?? path) !== path) return true;
  return false;
}

/**
 * Divides sources into groups of which each can be one source.
 * @param {string} root the folder that paths begin in.
 * @param {string[]} files the sources' paths, with "/".
 * @param {number} most of a group.
 * @returns {string[][]}
 */
export function groupsOf(root, files, most) {
  const groups = [];
  for (const file of files) {
    const given = contents(root, file);
    const fits = ({ members }) => members.length < most && members.every((member) => !collide(given, member));
    let group = groups.find(fits);
    if (group === undefined) groups.push((group = { names: [], members: [] }));
    group.names.push(file);
    group.members.push(given);
  }
  return groups.map(({ names }) => names);
}

/** The sources as one, whose quoted includes are paths from `root`. */
export function merged(root, files) {
  const texts = files.map((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return text.replaceAll(include, (_, start, name) => `${start}"${posix.join(posix.dirname(file), name)}"`);
  });
  return texts.join("\n");
}
