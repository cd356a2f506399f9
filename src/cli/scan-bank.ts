import {
  type CheckQuery,
  type Decision,
  type DecisionMatch,
  digestFile,
  type DigestType,
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

const digestTypes: DigestType[] = ["md5", "sha1", "sha256"];

/** Undefined for a name that is not text, and for what cannot be read: reading it as a picture says why. */
const digestsOf = async (path: Path): Promise<CheckQuery["digests"]> =>
  typeof path === "string" ? digestFile(path, { digests: digestTypes }).catch(() => undefined) : undefined;

/** What is asked of a file: its bytes once, and each page or frame. */
function* queries(
  result: ImageHash | VideoSignature | undefined,
  digests: CheckQuery["digests"],
): Generator<[CheckQuery, Where]> {
  if (result === undefined) {
    yield [{ ...(digests && { digests }) }, {}];
    return;
  }
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
function decide(
  matcher: Matcher,
  result: ImageHash | VideoSignature | undefined,
  digests: CheckQuery["digests"],
): FileDecision {
  const best = new Map<number, FileMatch>();
  const all: FileDecision = { action: "none", reasons: [], revision: 0, matches: [] };
  const reasons = new Set<string>();
  for (const [query, where] of queries(result, digests)) {
    const one = matcher.check(query);
    if (strength.indexOf(one.action) > strength.indexOf(all.action)) all.action = one.action;
    all.revision = one.revision;
    // A video's frames are often of low quality: what keeps some of them from matching is not told for each.
    if (one.matches.length > 0 || result === undefined || !isVideoSignature(result))
      for (const reason of one.reasons) reasons.add(reason);
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

/** path, action, distance, variant (behind it "of" and the part's name) or "exact", bank, source, entry, labels; suppressed ones are not lines. */
function lines(path: Path, { action, matches }: FileDecision): string[] {
  return matches
    .filter(({ negative, suppressed }) => !negative && !suppressed)
    .map((match) => {
      const {
        distance,
        variant = "exact",
        derived,
        bank,
        source,
        entry,
        number,
        labels,
        page,
        timestampSeconds,
      } = match;
      const how = derived === undefined ? variant : `${variant} of ${derived}`;
      const fields = [path, action, String(distance), how, bank, source, entry ?? `#${number}`];
      if (page !== undefined) fields.push(`page-${page}`);
      if (timestampSeconds !== undefined) fields.push(clock(timestampSeconds));
      return textLine([...fields, labels.map(labelText).join(" ")], "\t");
    });
}

/** `empreinte scan --bank FILE`: what the policies of the banks in it say of each file. */
export async function scanBank(values: ScanBankValues, paths: string[], session: Session): Promise<number> {
  const files = fileSettings(values);
  const settings = { ...files, dihedral: true, digests: digestTypes };
  const videos = videoSettings(files, { sampling: samplingOf(values.sampling, "all"), dihedral: true });
  hardenDecoder();
  return withStore(
    values.bank,
    async (store) => {
      const matcher = new Matcher(store, { audit: values.audit === true });
      let matched = false;
      const flooded = store.flooded().length;
      const check = async (path: Path, result: ImageHash | VideoSignature): Promise<void> => {
        // A video's bytes are read a second time: ffmpeg has read them the first.
        const digests = isVideoSignature(result) ? await digestsOf(path) : result.digests;
        const decision = decide(matcher, result, digests);
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
      /** A file that is no picture, or none that can be decoded, may still be known by its bytes. */
      const unread = async (path: string): Promise<void> => {
        const digests = await digestsOf(path);
        const decision = digests && decide(matcher, undefined, digests);
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
