import { createReadStream } from "node:fs";
import type { CopyLevel, CopyOptions, ImageInput, KnownCopyMatch, KnownCopyResult, HashList } from "../../../index.js";
import { UsageError } from "../../args.js";
import type { HashSettings } from "../../io/files.js";
import { type Path, textLine } from "../../io/names.js";

const levels: readonly string[] = ["fast", "standard", "thorough"] satisfies CopyLevel[];

/** The value of --level. */
export function levelOf(value: string | undefined): CopyLevel | undefined {
  if (value === undefined || levels.includes(value)) return value as CopyLevel | undefined;
  throw new UsageError(`Expected fast, standard or thorough for --level but received ${value}`);
}

/** Options that say how far to look, beside --level, which says it all; and standard input, which cannot be read twice. */
export function refuseBesideLevel(values: object, positionals: readonly string[]): void {
  const given = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  for (const name of ["radius", "min-quality", "no-orientations", "all-pages"]) {
    if (given.includes(name)) throw new UsageError(`--${name} does not go with --level`);
  }
  if (positionals.includes("-")) throw new UsageError("--level does not go with standard input");
}

/** What of a picture is a copy of entries of the lists. */
export interface Copies {
  tier: KnownCopyResult["tier"];
  matches: KnownCopyMatch[];
}

/** The limits of `--max-…` that reading one page of a picture has. */
export function limitsOf(settings: HashSettings): CopyOptions {
  const { maxPixels, maxBytes, maxSeconds } = settings;
  const given = Object.entries({ maxPixels, maxBytes, maxSeconds }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as CopyOptions;
}

/** Looks for copies in all lists. The picture is read again: a stream cannot be. */
export async function copiesIn(
  path: Path,
  lists: HashList[],
  level: CopyLevel,
  settings: HashSettings,
  signal: AbortSignal,
): Promise<Copies> {
  const results: KnownCopyResult[] = [];
  for (const known of lists) {
    const input: ImageInput = typeof path === "string" ? path : createReadStream(path);
    results.push(await known.findCopies(input, { ...limitsOf(settings), level, signal }));
  }
  const rank = { match: 0, review: 1, none: 2 };
  const matches = results.flatMap((result) => result.matches);
  matches.sort((a, b) => rank[a.tier] - rank[b.tier] || a.distance - b.distance);
  return { tier: matches[0]?.tier ?? "none", matches };
}

/** "12,0 88,0 88,100 12,100": the corners in percent of the picture. */
function regionText({ region }: KnownCopyMatch): string {
  if (region === undefined) return "whole";
  return region.map(([x, y]) => `${Math.round(100 * x)},${Math.round(100 * y)}`).join(" ");
}

export function copyLines(path: Path, { matches }: Copies): string[] {
  return matches.map((match) => {
    const { distance, list, line, view, orientation, tier, metadata } = match;
    const how = orientation === undefined || view === "turned" ? (orientation ?? view) : `${view} ${orientation}`;
    return textLine([path, String(distance), `${list}:${line}`, how, tier, regionText(match), metadata], "\t");
  });
}
