import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import {
  type CheckQuery,
  type Decision,
  type DecisionMatch,
  hardenDecoder,
  type ImageHash,
  Matcher,
  type VideoSignature,
} from "../index.js";
import { labelText, withStore } from "./bank-store.js";
import { eachFile, endStatus, fileSettings, isVideoSignature, videoSettings } from "./files.js";
import { jsonPath, type Path, textLine } from "./names.js";
import type { Session } from "./session.js";
import { clock, samplingOf } from "./videos.js";

export interface ScanBankValues extends NonNullable<Parameters<typeof fileSettings>[0]> {
  bank: string;
  actor?: string;
  audit?: boolean;
  sampling?: string;
}

type Where = { page?: number; timestampSeconds?: number };
type FileMatch = DecisionMatch & Where;

interface FileDecision extends Pick<Decision, "action" | "reasons" | "revision" | "prequalification"> {
  matches: FileMatch[];
}

/** Of a file that can be read again: its bytes are still in the system's cache. */
async function digestsOf(path: Path): Promise<CheckQuery["digests"]> {
  if (path === "-" || !(await stat(path)).isFile()) return undefined;
  const [md5, sha1, sha256] = ["md5", "sha1", "sha256"].map((name) => createHash(name));
  for await (const chunk of createReadStream(path)) {
    for (const hash of [md5!, sha1!, sha256!]) hash.update(chunk as Buffer);
  }
  return { md5: md5!.digest("hex"), sha1: sha1!.digest("hex"), sha256: sha256!.digest("hex") };
}

/** What is asked of a file: its bytes once, and each page or frame. */
function* queries(result: ImageHash | VideoSignature, digests: CheckQuery["digests"]): Generator<[CheckQuery, Where]> {
  const asked = ({ hash, quality, stable, dihedral }: CheckQuery): CheckQuery => {
    return { ...(hash !== undefined && { hash }), quality: quality!, stable: stable!, ...(dihedral && { dihedral }) };
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
    // A still scene's frames often have one hash.
    if (frame.hash !== last) yield [asked(frame), { timestampSeconds: frame.timestampSeconds }];
    last = frame.hash;
  }
}

const strength = ["none", "log", "review", "block"];

/** Of each entry its nearest page or frame, the strongest of what they ask for, and the nearest suggestion. */
function decide(matcher: Matcher, result: ImageHash | VideoSignature, digests: CheckQuery["digests"]): FileDecision {
  const best = new Map<number, FileMatch>();
  const all: FileDecision = { action: "none", reasons: [], revision: 0, matches: [] };
  const reasons = new Set<string>();
  for (const [query, where] of queries(result, digests)) {
    const one = matcher.check(query);
    if (strength.indexOf(one.action) > strength.indexOf(all.action)) all.action = one.action;
    all.revision = one.revision;
    // A video's frames are often of low quality: what keeps some of them from matching is not told for each.
    if (one.matches.length > 0 || !isVideoSignature(result)) for (const reason of one.reasons) reasons.add(reason);
    const said = one.prequalification;
    if (said && said.distance < (all.prequalification?.distance ?? Infinity)) all.prequalification = said;
    for (const match of one.matches) {
      const other = best.get(match.number);
      if (other === undefined || match.distance < other.distance) best.set(match.number, { ...match, ...where });
    }
  }
  const matches = [...best.values()].sort((a, b) => a.distance - b.distance || a.number - b.number);
  return { ...all, matches, reasons: [...reasons] };
}

/** path, action, distance, variant or "exact", bank, source, entry, labels; suppressed ones are not lines. */
function lines(path: Path, { action, matches }: FileDecision): string[] {
  return matches
    .filter(({ negative, suppressed }) => !negative && !suppressed)
    .map(({ distance, variant, bank, source, entry, number, labels, page, timestampSeconds }) => {
      const fields = [path, action, String(distance), variant ?? "exact", bank, source, entry ?? `#${number}`];
      if (page !== undefined) fields.push(`page-${page}`);
      if (timestampSeconds !== undefined) fields.push(clock(timestampSeconds));
      return textLine([...fields, labels.map(labelText).join(" ")], "\t");
    });
}

/** `empreinte scan --bank FILE`: what the policies of the banks in it say of each file. */
export async function scanBank(values: ScanBankValues, paths: string[], session: Session): Promise<number> {
  const settings = { ...fileSettings(values), dihedral: true };
  const videos = videoSettings(settings, { sampling: samplingOf(values.sampling, "all"), dihedral: true });
  hardenDecoder();
  return withStore(
    values.bank,
    async (store) => {
      const matcher = new Matcher(store, { audit: values.audit === true });
      let matched = false;
      const flooded = store.flooded().length;
      const check = async (path: Path, result: ImageHash | VideoSignature): Promise<void> => {
        const decision = decide(matcher, result, await digestsOf(path));
        matched ||= decision.action !== "none";
        if (!values.json) {
          for (const line of lines(path, decision)) await session.line(line);
          return;
        }
        const about = isVideoSignature(result)
          ? { kind: "video", durationSeconds: result.durationSeconds, frames: result.frames.length }
          : { hash: result.hash, quality: result.quality };
        await session.line(JSON.stringify({ ...jsonPath(path), ...about, ...decision }));
      };
      const { trouble } = await eachFile(paths, values, settings, session, check, videos);
      for (const { bank, number, reason } of store.flooded().slice(flooded)) {
        session.note(`${bank}, entry #${number}: ${reason}; it asks for review at most until it is released`);
      }
      return endStatus(trouble, matched);
    },
    { actor: values.actor },
  );
}
