import {
  digestFile,
  type DigestType,
  hardenDecoder,
  type ImageHash,
  HashList,
  type ListMatch,
} from "../../../index.js";
import { hashVideo, type HashVideoOptions, type VideoMatch, type VideoSignature } from "../../../doors/video.js";
import { number, parse, UsageError } from "../../args.js";
import { eachFile, endStatus, fileOptions, fileSettings, isVideoSignature } from "../../io/files.js";
import { type VideoHasher, videoSettings } from "../../io/files.js";
import { scanBank } from "./scan-bank.js";
import { jsonPath, type Path, shownPath, textLine } from "../../io/names.js";
import { Problems } from "../../io/problems.js";
import {
  type FrameMatch,
  frameLines,
  framesInLists,
  inKnownVideos,
  loadVideos,
  type Search,
  videoLines,
} from "./scan-video.js";
import { copiesIn, copyLines, levelOf, refuseBesideLevel } from "./scan-copies.js";
import { type Session, status } from "../../io/session.js";
import { samplingOf } from "../../io/videos.js";

const options = {
  ...fileOptions,
  list: { type: "string", multiple: true },
  index: { type: "string", multiple: true },
  bank: { type: "string" },
  audit: { type: "boolean" },
  actor: { type: "string" },
  "video-signature": { type: "string", multiple: true },
  sampling: { type: "string" },
  radius: { type: "string" },
  "min-quality": { type: "string" },
  "no-orientations": { type: "boolean" },
  "allow-trivial-hashes": { type: "boolean" },
  level: { type: "string" },
} as const;

interface Sources {
  list?: string[];
  index?: string[];
  "allow-trivial-hashes"?: boolean;
}

/** Codes of a list or index that is passed over. */
const unusable: unknown[] = ["ERR_EMPREINTE_READ", "ERR_EMPREINTE_INDEX_FILE", "ERR_EMPREINTE_LIST"];

interface Loaded {
  lists: HashList[];
  /** A list could not be read, or has nothing to match. */
  trouble: boolean;
}

/** Loads each by itself, so that one that cannot be read does not hide the matches of the others. */
async function load(values: Sources, quiet: boolean, session: Session): Promise<Loaded> {
  const lists: HashList[] = [];
  let trouble = false;
  const { signal } = session;
  const allowTrivialHashes = values["allow-trivial-hashes"] === true;
  const fromList = async (path: string): Promise<HashList> => {
    const problems = new Problems(quiet, session);
    const known = await HashList.load(path, { allowTrivialHashes, digests: true, onProblem: problems.add, signal });
    problems.end();
    return known;
  };
  const fromIndex = (path: string): Promise<HashList> => HashList.open(path, { signal });
  const sources = [
    ...(values.list ?? []).map((path) => ({ path, open: fromList })),
    ...(values.index ?? []).map((path) => ({ path, open: fromIndex })),
  ];
  for (const { path, open } of sources) {
    try {
      const known = await open(path);
      if (known.size + known.digests > 0) lists.push(known);
      else {
        trouble = true;
        session.note(`${shownPath(path)}: ${open === fromList ? "The list has no usable hash" : "The index is empty"}`);
      }
    } catch (error) {
      if (!unusable.includes((error as { code?: unknown }).code)) throw error;
      trouble = true;
      session.note((error as Error).message);
    }
  }
  return { lists, trouble };
}

interface Found {
  matches: (ListMatch & { page?: number })[];
  /** Why nothing of the file was matched. */
  skipped?: "quality" | "unstable";
}

async function search(result: ImageHash, lists: HashList[], how: Search, signal: AbortSignal): Promise<Found> {
  const pages = result.frames ?? [result];
  const reasons = pages.map(({ quality, stable }) =>
    quality < how.minQuality ? ("quality" as const) : stable ? undefined : ("unstable" as const),
  );
  const matches: Found["matches"] = [];
  for (const [page, { hash, quality, stable, orientations }] of pages.entries()) {
    const query = { hash, quality, stable, ...(orientations && { orientations }) };
    for (const known of lists) {
      const found = await known.search(query, { ...how, signal });
      matches.push(...found.map((match) => (result.frames ? { ...match, page } : match)));
    }
  }
  // Stable: of equal distances the earlier page, then the earlier list comes first.
  matches.sort((a, b) => a.distance - b.distance);
  const skipped = reasons.includes(undefined) ? undefined : reasons[0];
  return { matches, ...(skipped && { skipped }) };
}

function textLines(path: Path, { matches }: Found): string[] {
  return matches.map(({ distance, list, line, orientation, metadata, page }) => {
    const fields: Path[] = [path, String(distance), `${list}:${line}`, orientation];
    if (page !== undefined) fields.push(`page-${page}`);
    return textLine([...fields, metadata], "\t");
  });
}

/** The lists that name files by digests. */
class Exactly {
  readonly #lists: readonly HashList[];
  /** Those that a list has. */
  readonly types: DigestType[];

  constructor(lists: readonly HashList[]) {
    this.#lists = lists;
    this.types = [...new Set(lists.flatMap(({ digestTypes }) => digestTypes))];
  }

  get any(): boolean {
    return this.types.length > 0;
  }

  of(digests: NonNullable<ImageHash["digests"]>): ListMatch[] {
    return this.#lists.flatMap((known) => known.searchSync({ digests }));
  }

  /** Of a file that is no picture: of a name that is not text nothing is known. */
  async ofFile(path: Path, signal: AbortSignal): Promise<ListMatch[]> {
    if (!this.any || typeof path !== "string") return [];
    return this.of(await digestFile(path, { digests: this.types, signal }));
  }
}

/** As the lines of near matches: the distance is 0, and the digest stands for the variant. */
function exactLines(path: Path, exact: readonly ListMatch[]): string[] {
  return exact.map(({ type, list, line, metadata }) => textLine([path, "0", `${list}:${line}`, type, metadata], "\t"));
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  if (values.bank !== undefined) {
    // What its policies say is not said here as well.
    const known = [
      "list",
      "index",
      "video-signature",
      "radius",
      "min-quality",
      "no-orientations",
      "allow-trivial-hashes",
    ] as const;
    const other = known.find((name) => values[name] !== undefined);
    if (other !== undefined) throw new UsageError(`Expected --bank without --${other}`);
    if (positionals.length === 0) throw new UsageError("No path is given");
    return scanBank({ ...values, bank: values.bank }, positionals, session);
  }
  if (values.audit !== undefined || values.actor !== undefined) throw new UsageError("Expected --bank beside --audit");
  if (values.list === undefined && values.index === undefined && values["video-signature"] === undefined) {
    throw new UsageError("No --list or --index is given, nor a --bank or --video-signature");
  }
  if (positionals.length === 0) throw new UsageError("No path is given");
  const how: Search = {
    radius: number("radius", values.radius, { least: 0, most: 256 }) ?? 31,
    minQuality: number("min-quality", values["min-quality"], { least: 0, most: 100 }) ?? 50,
    orientations: values["no-orientations"] !== true,
  };
  const level = levelOf(values.level);
  if (level !== undefined) refuseBesideLevel(values, positionals);
  const quiet = values.quiet === true;
  const files = fileSettings(values);
  const sampling = samplingOf(values.sampling, "all");
  // What was done to a video is looked for where it is of a picture.
  const altered = level === "standard" || level === "thorough";
  const videos = videoSettings(files, { sampling, orientations: how.orientations, ...(altered && { trim: true }) });
  const { lists, trouble } = await load(values, quiet, session);
  const exactly = new Exactly(lists);
  const settings = { ...files, orientations: how.orientations, digests: exactly.types };
  // What is known is not turned: the query is.
  const asKnown: HashVideoOptions = { ...videos, orientations: false, trim: false };
  if (values.sampling === undefined) asKnown.sampling = "adaptive";
  const known = await loadVideos(values["video-signature"] ?? [], how, asKnown, session);
  if (lists.length === 0 && known.index === undefined) return status.trouble;

  hardenDecoder();
  let matched = false;
  const unread = async (path: string): Promise<void> => {
    const exact = await exactly.ofFile(path, session.signal).catch(() => []);
    if (exact.length === 0) return;
    matched = true;
    if (values.json) await session.line(JSON.stringify({ ...jsonPath(path), exact }));
    else for (const line of exactLines(path, exact)) await session.line(line);
  };
  const inVideosOf = new WeakMap<VideoSignature, VideoMatch[]>();
  const hash: VideoHasher = async (path, options) => {
    if (known.index === undefined || !altered) return hashVideo(path, options);
    const { orientations: _orientations, trim: _trim, ...more } = options;
    const { matches, signature } = await known.index.findCopies(path, { ...more, level });
    inVideosOf.set(signature, matches);
    return signature;
  };
  const scan = async (path: Path, result: ImageHash | VideoSignature): Promise<void> => {
    const { signal } = session;
    if (level !== undefined && !isVideoSignature(result)) {
      const copies = await copiesIn(path, lists, level, files, signal);
      const exact = exactly.of(result.digests ?? {});
      const within = known.index && (await inKnownVideos(result, known.index, how, signal));
      matched ||= copies.tier !== "none" || exact.length > 0 || (within?.length ?? 0) > 0;
      const { hash, quality } = result;
      const more = { ...copies, ...(exact.length > 0 && { exact }), ...(within && { videos: within }) };
      if (values.json) await session.line(JSON.stringify({ ...jsonPath(path), hash, quality, ...more }));
      else {
        const lines = [
          ...exactLines(path, exact),
          ...copyLines(path, copies),
          ...videoLines(path, false, within ?? []),
        ];
        for (const line of lines) await session.line(line);
      }
      return;
    }
    const altogether = isVideoSignature(result) ? inVideosOf.get(result) : undefined;
    const inVideos = altogether ?? (known.index && (await inKnownVideos(result, known.index, how, signal)));
    const found = isVideoSignature(result)
      ? { matches: await framesInLists(result, lists, how, signal) }
      : await search(result, lists, how, signal);
    let failure: unknown;
    const exact = isVideoSignature(result)
      ? await exactly.ofFile(path, signal).catch((error: unknown) => ((failure = error), []))
      : exactly.of((result as ImageHash).digests ?? {});
    matched ||= found.matches.length > 0 || exact.length > 0 || (inVideos?.length ?? 0) > 0;
    if (values.json) {
      const about = isVideoSignature(result) ? aboutVideo(result) : { hash: result.hash, quality: result.quality };
      const more = { ...found, ...(exact.length > 0 && { exact }), ...(inVideos && { videos: inVideos }) };
      await session.line(JSON.stringify({ ...jsonPath(path), ...about, ...more }));
    } else {
      const lines = [...exactLines(path, exact), ...allLines(path, result, found, inVideos ?? [])];
      for (const line of lines) await session.line(line);
    }
    // Matched by its frames only, which is not all that was asked for.
    if (failure !== undefined) throw failure;
  };
  const done = await eachFile(
    positionals,
    values,
    settings,
    session,
    scan,
    videos,
    exactly.any ? unread : undefined,
    hash,
  );
  known.index?.close();
  return endStatus(trouble || known.trouble || done.trouble, matched);
}

const aboutVideo = ({ durationSeconds, frames }: VideoSignature): object => {
  return { kind: "video", durationSeconds, frames: frames.length };
};

function allLines(
  path: Path,
  result: ImageHash | VideoSignature,
  found: Found | { matches: FrameMatch[] },
  inVideos: VideoMatch[],
): string[] {
  const video = isVideoSignature(result);
  const lines = video ? frameLines(path, found.matches as FrameMatch[]) : textLines(path, found as Found);
  return [...lines, ...videoLines(path, video, inVideos)];
}
