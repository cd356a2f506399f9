import { createReadStream } from "node:fs";
import { type CheckQuery, type Decision, type DecisionMatch, Matcher } from "../../../doors/bank.js";
import { type CopyLevel, digestFile, type DigestType, hardenDecoder, type ImageHash } from "../../../index.js";
import { type VideoSignature } from "../../../doors/video.js";
import { labelText, withStore } from "../bank/store.js";
import { eachFile, endStatus, fileSettings, isVideoSignature, videoSettings } from "../../io/files.js";
import { jsonPath, type Path, textLine } from "../../io/names.js";
import { levelOf, limitsOf, refuseBesideLevel } from "./scan-copies.js";
import type { Session } from "../../io/session.js";
import { clock, samplingOf } from "../../io/videos.js";

export interface ScanBankValues extends NonNullable<Parameters<typeof fileSettings>[0]> {
  bank: string;
  actor?: string;
  audit?: boolean;
  sampling?: string;
  level?: string;
}

type Where = { page?: number; timestampSeconds?: number; trimmed?: true };
type FileMatch = DecisionMatch & Where;

interface FileDecision extends Pick<Decision, "action" | "reasons" | "revision" | "prequalification"> {
  matches: FileMatch[];
}

const digestTypes: DigestType[] = ["md5", "sha1", "sha256"];

/** Undefined for a name that is not text: of such files only pictures are read. */
const digestsOf = async (path: Path, signal: AbortSignal): Promise<CheckQuery["digests"]> =>
  typeof path === "string" ? digestFile(path, { digests: digestTypes, signal }) : undefined;

/** What is asked of a file: its bytes once, and each page or frame. */
function* queries(
  result: ImageHash | VideoSignature | undefined,
  digests: CheckQuery["digests"],
): Generator<[CheckQuery, Where]> {
  if (result === undefined) {
    yield [{ ...(digests && { digests }) }, {}];
    return;
  }
  const asked = ({ hash, quality, stable, orientations }: CheckQuery): CheckQuery => {
    return {
      ...(hash !== undefined && { hash }),
      quality: quality!,
      stable: stable!,
      ...(orientations && { orientations }),
    };
  };
  if (!isVideoSignature(result) && result.frames === undefined) {
    yield [{ ...asked(result), ...(digests && { digests }) }, {}];
    return;
  }
  if (digests) yield [{ digests }, {}];
  if (!isVideoSignature(result)) {
    for (const frame of result.frames!) yield [asked(frame), { page: frame.page }];
    return;
  }
  let last: string | undefined;
  for (const frame of result.frames) {
    const { timestampSeconds, trimmed } = frame;
    // A still scene's frames often have one hash.
    const hashes = frame.hash + (trimmed?.hash ?? "");
    if (hashes !== last) {
      yield [asked(frame), { timestampSeconds }];
      if (trimmed) yield [asked(trimmed), { timestampSeconds, trimmed: true }];
    }
    last = hashes;
  }
}

const strength = ["none", "log", "review", "block"];

/** What the banks say of each page or frame. */
function* decisions(
  matcher: Matcher,
  result: ImageHash | VideoSignature | undefined,
  digests: CheckQuery["digests"],
): Generator<[Decision, Where]> {
  for (const [query, where] of queries(result, digests)) yield [matcher.check(query), where];
}

/** Of each entry its nearest page or frame, the strongest of what they ask for, and the nearest suggestion. */
function together(decided: Iterable<[Decision, Where]>, video: boolean): FileDecision {
  const best = new Map<number, FileMatch>();
  const all: FileDecision = { action: "none", reasons: [], revision: 0, matches: [] };
  const reasons = new Set<string>();
  for (const [one, where] of decided) {
    if (strength.indexOf(one.action) > strength.indexOf(all.action)) all.action = one.action;
    all.revision = one.revision;
    // A video's frames are often of low quality: what keeps some of them from matching is not told for each.
    if (one.matches.length > 0 || !video) for (const reason of one.reasons) reasons.add(reason);
    const said = one.prequalification;
    if (said && said.distance < (all.prequalification?.distance ?? Infinity)) all.prequalification = said;
    for (const match of one.matches) {
      const other = best.get(match.entryNumber);
      if (other === undefined || match.distance < other.distance) best.set(match.entryNumber, { ...match, ...where });
    }
  }
  const matches = [...best.values()].sort((a, b) => a.distance - b.distance || a.entryNumber - b.entryNumber);
  return { ...all, matches, reasons: [...reasons] };
}

/** "flipY", "trimmed flipY of centre-10", "exact". */
function howText({ orientation, copy, trimmed, crop }: FileMatch): string {
  if (orientation === undefined) return "exact";
  const view = copy?.view === "turned" ? undefined : (copy?.view ?? (trimmed ? "trimmed" : undefined));
  const seen = view === undefined ? orientation : orientation === "orig" ? view : `${view} ${orientation}`;
  return crop === undefined ? seen : `${seen} of ${crop}`;
}

/** path, action, distance, how it is found, bank, source, entry, labels; suppressed ones are not lines. */
function lines(path: Path, { action, matches }: FileDecision): string[] {
  return matches
    .filter(({ negative, suppressed }) => !negative && !suppressed)
    .map((match) => {
      const { distance, bank, source, entryId, entryNumber, labels, page, timestampSeconds } = match;
      const fields = [path, action, String(distance), howText(match), bank, source, entryId ?? `#${entryNumber}`];
      if (page !== undefined) fields.push(`page-${page}`);
      if (timestampSeconds !== undefined) fields.push(clock(timestampSeconds));
      return textLine([...fields, labels.map(labelText).join(" ")], "\t");
    });
}

/** `empreinte scan --bank FILE`: what the policies of the banks in it say of each file. */
export async function scanBank(values: ScanBankValues, paths: string[], session: Session): Promise<number> {
  const files = fileSettings(values);
  const settings = { ...files, orientations: true, digests: digestTypes };
  const level = levelOf(values.level);
  if (level !== undefined) refuseBesideLevel(values, paths);
  // What lies around a video is looked for where a picture's surroundings are.
  const trim = level === "standard" || level === "thorough";
  const sampling = samplingOf(values.sampling, "all");
  const videos = videoSettings(files, { sampling, orientations: true, ...(trim && { trim }) });
  hardenDecoder();
  return withStore(
    values.bank,
    async (store) => {
      const matcher = new Matcher(store, { audit: values.audit === true });
      let matched = false;
      const flooded = store.flooded().length;
      /** The picture is read again: a stream cannot be. */
      const copies = async (path: Path, how: CopyLevel): Promise<[Decision, Where][]> => {
        const input = typeof path === "string" ? path : createReadStream(path);
        const limits = limitsOf(files);
        return [[await matcher.checkCopies(input, { ...limits, level: how, signal: session.signal }), {}]];
      };
      const check = async (path: Path, result: ImageHash | VideoSignature): Promise<void> => {
        const video = isVideoSignature(result);
        let failure: unknown;
        // A video's bytes are read a second time: ffmpeg has read them the first.
        const digests = video
          ? await digestsOf(path, session.signal).catch((error: unknown) => void (failure = error))
          : result.digests;
        const decided = video || level === undefined ? decisions(matcher, result, digests) : await copies(path, level);
        const decision = together(decided, video);
        matched ||= decision.action !== "none";
        if (values.json) {
          const about = video
            ? { kind: "video", durationSeconds: result.durationSeconds, frames: result.frames.length }
            : { hash: result.hash, quality: result.quality };
          await session.line(JSON.stringify({ ...jsonPath(path), ...about, ...decision }));
        } else for (const line of lines(path, decision)) await session.line(line);
        // Checked by its frames only, which is not all that was asked for.
        if (failure !== undefined) throw failure;
      };
      /** A file that is no picture, or none that can be decoded, may still be known by its bytes. */
      const unread = async (path: string): Promise<void> => {
        // What cannot be read, reading it as a picture has said.
        const digests = await digestsOf(path, session.signal).catch(() => undefined);
        const decision = digests && together(decisions(matcher, undefined, digests), false);
        if (decision === undefined || decision.matches.length === 0) return;
        matched ||= decision.action !== "none";
        if (values.json) await session.line(JSON.stringify({ ...jsonPath(path), ...decision }));
        else for (const line of lines(path, decision)) await session.line(line);
      };
      const { trouble } = await eachFile(paths, values, settings, session, check, videos, unread);
      for (const { bank, number, reason } of store.flooded().slice(flooded)) {
        session.note(`${bank}, entry #${number}: ${reason}; it asks for review at most until it is released`);
      }
      return endStatus(trouble, matched);
    },
    { actor: values.actor },
  );
}
