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
  registeredMethod,
  videoEdits,
  writeAttackedImages,
  writeEvaluation,
} from "../../doors/evaluate.js";
import { number, parse, UsageError } from "../args.js";
import { failures, gateOf } from "./evaluate-gates.js";
import { shownPath } from "../io/names.js";
import { Progress } from "../io/progress.js";
import { type Session, status } from "../io/session.js";

const options = {
  level: { type: "string", multiple: true },
  attacks: { type: "string" },
  "list-attacks": { type: "boolean" },
  unrelated: { type: "string" },
  "unrelated-attacks": { type: "string" },
  generated: { type: "string" },
  distances: { type: "string", multiple: true },
  "write-pictures": { type: "string" },
  report: { type: "string" },
  restart: { type: "boolean" },
  seed: { type: "string" },
  "list-size": { type: "string" },
  "per-day": { type: "string" },
  "min-recall": { type: "string", multiple: true },
  "max-fp": { type: "string" },
  concurrency: { type: "string" },
  json: { type: "boolean" },
  quiet: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parse<typeof options>>["values"];

const levels: Record<string, () => EvaluationMethod> = {
  plain: plainMethod,
  fast: fastMethod,
  standard: () => copiesMethod("standard"),
  thorough: () => copiesMethod("thorough"),
  registered: () => registeredMethod(),
};
const usual = ["plain", "fast", "standard"];

async function methodsOf(values: Values): Promise<EvaluationMethod[]> {
  const wanted = values.level ?? usual;
  const ours = [...new Set(wanted)].map((name) => {
    const make = Object.hasOwn(levels, name) ? levels[name] : undefined;
    if (make === undefined) throw new UsageError(`Expected ${Object.keys(levels).join(", ")} for --level`);
    return make();
  });
  const others = (values.distances ?? []).map((text) => {
    const [, name, bits, radius, path] = /^([^:=]+):(\d+):(\d+)=(.+)$/.exec(text) ?? [];
    if (path === undefined) throw new UsageError("Expected NAME:BITS:RADIUS=FILE for --distances");
    return distancesMethod(name!, path, { bits: Number(bits), radius: Number(radius) });
  });
  // Beside ours, and before the last, which the gates are for.
  return [...ours.slice(0, -1), ...(await Promise.all(others)), ...ours.slice(-1)];
}

function attacksOf(text = "suite"): NonNullable<EvaluateOptions["attacks"]> {
  return text === "suite" || text === "quick" ? text : text.split(",").map((name) => name.trim());
}

function picturesOf(values: Values, session: Session, progress: Progress): EvaluateOptions {
  const whole = (name: keyof Values & string, least: number): number | undefined =>
    number(name, values[name] as string | undefined, { least });
  const given = {
    attacks: attacksOf(values.attacks),
    unrelated: values.unrelated,
    unrelatedAttacks: whole("unrelated-attacks", 0),
    generated: whole("generated", 0),
    seed: whole("seed", 0),
    concurrency: whole("concurrency", 1),
    onProgress: ({ done, total }: { done: number; total: number | undefined }) => {
      progress.done = done;
      progress.total = total;
    },
    signal: session.signal,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
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

/** What could not be read or made. */
function problems({ images, videos }: EvaluationReport): { name: string; reason: string }[] {
  return [...images.unreadable, ...images.failed, ...(videos?.unreadable ?? []), ...(videos?.failed ?? [])];
}

function tell(report: EvaluationReport, session: Session, quiet: boolean): void {
  const { images } = report;
  for (const { name, reason } of problems(report)) session.note(`${shownPath(name)}: ${reason}`);
  if (quiet) return;
  const notes: [number, string][] = [
    [images.duplicates.length, "equal byte for byte to another, left out"],
    [images.same.length, "within 31 bits of another, taken as the same picture"],
    [images.lowQuality.length, "of a quality below 50, not listed"],
    [images.skipped, "passed over (no pictures or videos)"],
  ];
  for (const [count, what] of notes) if (count > 0) session.note(`${count} files or pictures ${what}`);
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  if (values["list-attacks"]) {
    for (const { name, family, description } of suite) await session.line(`${name}\t${family}\t${description}`);
    for (const { name, description } of videoEdits) await session.line(`${name}\tvideo\t${description}`);
    return status.nothing;
  }
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new UsageError("Expected one FOLDER");
  const quiet = values.quiet === true;
  const gates = (values["min-recall"] ?? []).map(gateOf);
  const maxFalse = number("max-fp", values["max-fp"], { least: 0 });
  const listSize = number("list-size", values["list-size"], { least: 1 });
  const queriesPerDay = number("per-day", values["per-day"], { least: 1 });
  const methods = await methodsOf(values);
  const progress = new Progress(session, quiet, "pictures");
  try {
    const given = picturesOf(values, session, progress);
    const pictures = values["write-pictures"];
    if (pictures !== undefined) {
      let trouble = false;
      const onProblem = ({ name, reason }: { name: string; reason: string }): void => {
        trouble = true;
        session.note(`${shownPath(name)}: ${reason}`);
      };
      const count = await writeAttackedImages(folder, pictures, { ...given, onProblem });
      progress.stop();
      if (!quiet) session.note(`${shownPath(pictures)}: ${count} pictures, unblurred`);
      return trouble ? status.trouble : status.nothing;
    }
    const report = await evaluate(folder, {
      ...given,
      methods,
      ...(values.report !== undefined && { folder: values.report }),
      ...(listSize !== undefined && { listSize }),
      ...(queriesPerDay !== undefined && { queriesPerDay }),
      restart: values.restart === true,
    });
    if (values.report !== undefined) await writeEvaluation(report, values.report);
    progress.stop();
    tell(report, session, quiet);
    if (values.json) await session.line(JSON.stringify(report));
    else await print(report, session);
    const failed = failures(report, gates, maxFalse);
    for (const sentence of failed) session.note(sentence);
    if (failed.length > 0) return status.found;
    return problems(report).length > 0 ? status.trouble : status.nothing;
  } finally {
    progress.stop();
  }
}
