import { jsonText } from "../io/names.js";
import { escapeControls } from "../../control-characters.js";
import type { diagnose } from "../../index.js";
import { type Session, status } from "../io/session.js";
import { type Command, defineCommand } from "../table/command.js";

type Report = Awaited<ReturnType<typeof diagnose>>;

function ffmpegText(ffmpeg: Report["ffmpeg"]): string {
  if (ffmpeg === undefined) return "not found; images do not need it";
  const { version, path, source, outdated } = ffmpeg;
  return `${escapeControls(`${version} at ${path}`)} (${source})${outdated ? ", from before 4.4: install a current one" : ""}`;
}

/** Returns what the system forbids a process that decodes. */
function confinedText(confined: Report["isolation"]): string {
  if (confined === undefined) return "does not start";
  const { limits, files, network } = confined;
  if (!limits && !files && !network) return "not confined by this system, only killed at the limit";
  return [
    limits ? "bounded memory and processor time" : "memory and processor time without bounds",
    files ? "no other files" : "may open your files",
    network ? "no sockets" : "may open sockets",
  ].join(", ");
}

function decoderText({ name, version }: Report["decoders"][number]): string {
  return version === undefined ? `not found; npm install ${name} adds a decoder` : `${name} ${version}`;
}

function memoryText({ allocator, tuned }: Report["memory"]): string {
  if (allocator === "other") return "not glibc's allocator, left as it is";
  return tuned ? "glibc's allocator, tuned to keep memory for the next image" : "glibc's allocator, left as it is";
}

async function print(report: Report, session: Session): Promise<void> {
  const { node, cpu, kernels } = report;
  const rows: [string, string][] = [
    ["empreinte", report.version],
    ["node", `${node.version} (Node-API ${node.napi})`],
    ["platform", report.platform],
    ["processor", `${escapeControls(cpu.model)}, ${cpu.threads} threads`],
    ["memory", memoryText(report.memory)],
    ["core", report.core === "addon" ? "native addon" : "WebAssembly, because no native addon fits"],
    ["kernel", report.kernel ?? session.red("none")],
    ...kernels.map(({ name, instructions, supported }): [string, string] => [
      `  ${name}`,
      `${supported ? "runs here" : "does not run here"} (${instructions})`,
    ]),
    ["sharp", `${report.sharp} (libvips ${report.libvips})`],
    ["formats", report.formats.join(" ")],
    ...report.decoders.map((decoder): [string, string] => [`  ${decoder.formats.join(" ")}`, decoderText(decoder)]),
    ["  isolation", confinedText(report.isolation)],
    ["ffmpeg", ffmpegText(report.ffmpeg)],
    ...(report.ffmpeg === undefined
      ? []
      : ([["  isolation", confinedText(report.ffmpeg.confined)]] satisfies [string, string][])),
    ...report.checks.map(({ name, fault }): [string, string] => [
      `test: ${name}`,
      fault === undefined ? session.green("ok") : session.red(escapeControls(fault)),
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, text] of rows) await session.line(`${name.padEnd(width)}  ${text}`);
  for (const fault of report.faults) await session.line(`${session.red("fault:")} ${escapeControls(fault)}`);
  await session.line(report.ok ? session.green("all is well") : session.red("something is wrong"));
}

export const command: Command = defineCommand({
  name: "doctor",
  summary: "Print what this machine has, and test the package on it",
  description: [
    "Prints versions, the processor, kernels, image formats and ffmpeg, and how the system confines decoders. Then it tests known answers on every kernel, search against brute force, and the image decoder.",
  ],
  arguments: {},
  options: {
    json: { type: "flag", does: "Print one JSON object." },
    quiet: { type: "flag", does: "Print no notes." },
  },
  statuses: { 0: "All is well.", 1: "Something is wrong." },
  examples: [{ command: "empreinte doctor", does: "Check an installation." }],
  async run({ options: { json } }, session) {
    const { diagnose, hardenDecoder, tuneProcess } = await import("../../index.js");
    tuneProcess();
    try {
      hardenDecoder();
    } catch {
      // Without sharp there is nothing to harden, and the report says that it is missing.
    }
    const report = await diagnose();
    if (json) await session.line(jsonText(report));
    else await print(report, session);
    return report.ok ? status.nothing : status.found;
  },
});
