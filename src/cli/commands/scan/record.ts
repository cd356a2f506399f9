import { jsonPath, jsonText, type Path, textRecord } from "../../io/names.js";
import { partJson, type VideoPart } from "../../io/videos/video-part.js";
import type { Session } from "../../io/session.js";

/** One record of text output. A column that does not apply is absent, and printed as `-`. */
export interface ScanRecord {
  /** How sure the match is. What a bank's policy says of it is in the detail, as `action=block`. */
  verdict: "exact" | "match" | "review";
  distance: number;
  /** What matched: `list:line`, `bank/source/entry` or the name of a known video. */
  reference: string;
  orientation?: string | undefined;
  view?: string | undefined;
  /** `name=value` items and times, then metadata or labels; empty ones are left out. */
  detail: readonly (string | undefined)[];
}

/** A match: its records, one for each segment of a video, and what JSON says beside the columns. */
export interface ScanMatch {
  records: readonly [ScanRecord, ...ScanRecord[]];
  json: object;
}

/** What was found in one file. */
export interface ScanResult {
  /** What JSON says of the file. */
  about: object;
  matches: readonly ScanMatch[];
  /** Matches of negative banks, and those that they suppress. They decide nothing, and only JSON has them. */
  suppressed?: readonly ScanMatch[];
  /** Whether the exit status is 1. */
  found: boolean;
  /** Why only a part of the file was compared. */
  failure?: unknown;
}

export type ImageAbout = { kind: "image"; hash: string; quality: number };

export const imageAbout = ({ hash, quality }: { hash: string; quality: number }): ImageAbout => {
  return { kind: "image", hash, quality };
};

/** @param frames how many frames were hashed. */
export const videoAbout = ({ durationSeconds, frames }: { durationSeconds: number; frames: number }): object => {
  return { kind: "video", durationSeconds, frames };
};

/** Names the part of the file that a result is about. */
export function ofPart(result: ScanResult, part: VideoPart | undefined): ScanResult {
  if (part === undefined) return result;
  const name = part === "embedded" ? part : `stream=${part}`;
  const named = (record: ScanRecord): ScanRecord => ({ ...record, detail: [name, ...record.detail] });
  const matches = result.matches.map(({ records: [first, ...rest], json }): ScanMatch => {
    return { records: [named(first), ...rest.map(named)], json };
  });
  return { ...result, about: { ...result.about, ...partJson(part) }, matches };
}

/** Writes the place of a view in percent of the image: `region=12,0/88,0/88,100/12,100`. */
export function regionText(region: readonly (readonly [x: number, y: number])[] | undefined): string | undefined {
  if (region === undefined) return undefined;
  return `region=${region.map(([x, y]) => `${Math.round(100 * x)},${Math.round(100 * y)}`).join("/")}`;
}

/** The place of a match: `page=1` or `time=12.0`. */
export function placeText({
  page,
  timestampSeconds,
}: {
  page?: number;
  timestampSeconds?: number;
}): string | undefined {
  if (page !== undefined) return `page=${page}`;
  return timestampSeconds === undefined ? undefined : `time=${timestampSeconds.toFixed(1)}`;
}

/** The view's name; undefined if the whole image matched. */
export function viewText(view: string | undefined): string | undefined {
  return view === "original" || view === "turned" ? undefined : view;
}

function columns({ verdict, distance, reference, orientation, view, detail }: ScanRecord): string[] {
  const items = detail.filter((item) => item !== undefined && item !== "").join(" ");
  return [verdict, String(Math.round(distance)), reference, orientation, view, items].map((text) =>
    text === undefined || text === "" ? "-" : text,
  );
}

/** Makes the object of a match in JSON: the columns that apply, then what its kind of match has besides. */
function matchJson({ records: [{ verdict, distance, reference, orientation, view }], json: more }: ScanMatch): object {
  const columns = { verdict, distance, reference, ...(orientation !== undefined && { orientation }) };
  return { ...columns, ...(view !== undefined && { view }), ...more };
}

/** Prints what was found in a file. */
export async function printScan(
  path: Path,
  { about, matches, suppressed = [] }: ScanResult,
  { json, null: plain }: { json: boolean; null: boolean },
  session: Session,
): Promise<void> {
  if (json) {
    const found = {
      matches: matches.map(matchJson),
      ...(suppressed.length > 0 && { suppressed: suppressed.map(matchJson) }),
    };
    await session.line(jsonText({ ...jsonPath(path), ...about, ...found }));
    return;
  }
  for (const record of matches.flatMap(({ records }) => records)) {
    await session.line(textRecord([{ path }, ...columns(record)], "\t", plain));
  }
}
