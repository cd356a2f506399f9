import {
  attacks as suite,
  copiesMethod,
  distancesMethod,
  evaluate,
  type EvaluateOptions,
  type EvaluationMethod,
  type EvaluationReport,
  fastMethod,
  plainMethod,
  localMethod,
  registeredMethod,
  videoEdits,
  writeAttackedImages,
  writeEvaluation,
} from "../../../doors/evaluate.js";
import { leastQuality, tuneProcess } from "../../../index.js";
import { defined } from "../../io/defined.js";
import { jsonText, shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";
import { UsageError } from "../../table/parse.js";
import { failures, gateOf } from "./gates.js";

type Level = "plain" | "fast" | "standard" | "thorough" | "registered" | "local";

/** The command line of `empreinte evaluate`. */
export interface EvaluateInput {
  arguments: { folder: string | undefined };
  options: {
    level: Level[];
    attacks: string;
    listAttacks: boolean;
    unrelated: string | undefined;
    unrelatedAttacks: number | undefined;
    generated: number | undefined;
    distances: string[];
    writeImages: string | undefined;
    report: string | undefined;
    restart: boolean;
    seed: number | undefined;
    listSize: number | undefined;
    imagesPerDay: number | undefined;
    minRecall: string[];
    maxFalseMatches: number | undefined;
    concurrency: number | undefined;
    json: boolean;
    quiet: boolean;
  };
}
type Options = EvaluateInput["options"];

const levels: Record<Level, () => EvaluationMethod> = {
  plain: plainMethod,
  fast: fastMethod,
  standard: () => copiesMethod("standard"),
  thorough: () => copiesMethod("thorough"),
  registered: () => registeredMethod(),
  local: () => localMethod(),
};
const usual: readonly Level[] = ["plain", "fast", "standard"];

async function methodsOf({ level, distances }: Options): Promise<EvaluationMethod[]> {
  const ours = [...new Set(level.length > 0 ? level : usual)].map((name) => levels[name]());
  const others = distances.map((text) => {
    const [, name, bits, radius, path] = /^([^:=]+):(\d+):(\d+)=(.+)$/.exec(text) ?? [];
    if (path === undefined) throw new UsageError("Expected NAME:BITS:RADIUS=FILE for --distances");
    return distancesMethod(name!, path, { bits: Number(bits), radius: Number(radius) });
  });
  // Beside ours, and before the last, which the gates are for.
  return [...ours.slice(0, -1), ...(await Promise.all(others)), ...ours.slice(-1)];
}

function attacksOf(text: string): NonNullable<EvaluateOptions["attacks"]> {
  return text === "suite" || text === "quick" ? text : text.split(",").map((name) => name.trim());
}

function evaluationOptions(options: Options, session: Session, progress: Progress): EvaluateOptions {
  const { attacks, unrelated, unrelatedAttacks, generated, seed, concurrency } = options;
  const onProgress = ({ done, total }: { done: number; total: number | undefined }): void => {
    progress.done = done;
    progress.total = total;
  };
  const given = defined({ unrelated, unrelatedAttacks, generated, seed, concurrency });
  return { ...given, attacks: attacksOf(attacks), onProgress, signal: session.signal };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function videoLine({ clips, match, falseMatches, pairs }: NonNullable<EvaluationReport["videos"]>): string {
  return `video: ${clips} clips, recall ${percent(match)}; ${falseMatches} false matches in ${pairs.toLocaleString("en")} pairs`;
}

async function print(report: EvaluationReport, session: Session): Promise<void> {
  const { originals, unrelated, generated } = report.images;
  const made = Object.values(generated).reduce((sum, count) => sum + count, 0);
  await session.line(
    `${originals} originals, ${report.attacks.length} attacks, ${unrelated} unrelated and ${made} generated images, seed ${report.seed}`,
  );
  const measured = originals === 0 || report.attacks.length === 0 ? [] : report.methods;
  for (const { name, recall, falseMatches, cost } of measured) {
    const [least, most] = recall.interval.map(percent);
    const { matches, pairs, nearest } = falseMatches;
    await session.line(
      `${name}: recall ${percent(recall.match)} (${least} – ${most}), with review ${percent(recall.found)}; ` +
        `${matches} false matches in ${pairs.toLocaleString("en")} pairs, nearest ${nearest ?? "none seen"}; ` +
        `${cost.hashes.toFixed(1)} hashes, ${cost.milliseconds.toFixed(1)} ms`,
    );
  }
  if (report.videos !== undefined) await session.line(videoLine(report.videos));
}

/** Returns the images and videos that could not be read or made. */
function problems({ images, videos }: EvaluationReport): { name: string; reason: string }[] {
  return [...images.unreadable, ...images.failed, ...(videos?.unreadable ?? []), ...(videos?.failed ?? [])];
}

function noteProblems(report: EvaluationReport, session: Session, quiet: boolean): void {
  const { images } = report;
  for (const { name, reason } of problems(report)) session.note(`${shownPath(name)}: ${reason}`);
  if (quiet) return;
  const notes: [number, string][] = [
    [images.duplicates.length, "equal byte for byte to another, left out"],
    [images.same.length, "within 31 bits of another, taken as the same image"],
    [images.lowQuality.length, `of a quality below ${leastQuality}, not listed`],
    [images.skipped, "skipped (no images or videos)"],
  ];
  for (const [count, what] of notes) if (count > 0) session.note(`${count} files or images ${what}`);
}

async function listAttacks(session: Session): Promise<number> {
  for (const { name, family, description } of suite) await session.line(`${name}\t${family}\t${description}`);
  for (const { name, description } of videoEdits) await session.line(`${name}\tvideo\t${description}`);
  return status.nothing;
}

/** `--write-images`: writes the queries instead of evaluating them. */
async function writeImages(
  folder: string,
  to: string,
  given: EvaluateOptions,
  quiet: boolean,
  session: Session,
): Promise<number> {
  let trouble = false;
  const onProblem = ({ name, reason }: { name: string; reason: string }): void => {
    trouble = true;
    session.note(`${shownPath(name)}: ${reason}`);
  };
  const count = await writeAttackedImages(folder, to, { ...given, onProblem });
  if (!quiet) session.note(`${shownPath(to)}: ${count} images, unblurred`);
  return trouble ? status.trouble : status.nothing;
}

/** Evaluates the images and videos of a folder and prints the report. */
export async function runEvaluation(input: EvaluateInput, session: Session): Promise<number> {
  const { folder } = input.arguments;
  const { options } = input;
  if (options.listAttacks) return listAttacks(session);
  if (folder === undefined) throw new UsageError("No FOLDER is given");
  tuneProcess();
  const { quiet, json, report: out, listSize, imagesPerDay, maxFalseMatches, restart } = options;
  const gates = options.minRecall.map(gateOf);
  const methods = await methodsOf(options);
  const progress = new Progress(session, quiet, "images");
  try {
    const given = evaluationOptions(options, session, progress);
    if (options.writeImages !== undefined) {
      return await writeImages(folder, options.writeImages, given, quiet, session);
    }
    const more = defined({ folder: out, listSize, queriesPerDay: imagesPerDay });
    const report = await evaluate(folder, { ...given, ...more, methods, restart });
    if (out !== undefined) await writeEvaluation(report, out);
    progress.stop();
    noteProblems(report, session, quiet);
    if (json) await session.line(jsonText(report));
    else await print(report, session);
    const failed = failures(report, gates, maxFalseMatches);
    for (const sentence of failed) session.note(sentence);
    if (failed.length > 0) return status.found;
    return problems(report).length > 0 ? status.trouble : status.nothing;
  } finally {
    progress.stop();
  }
}
