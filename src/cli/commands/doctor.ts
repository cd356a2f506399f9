import { diagnose, hardenDecoder } from "../../index.js";
import { parse, UsageError } from "../args.js";
import { type Session, status } from "../io/session.js";

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, { json: { type: "boolean" }, quiet: { type: "boolean" } });
  if (positionals.length > 0) throw new UsageError("doctor takes no path");
  hardenDecoder();
  const report = await diagnose();
  const end = report.ok ? status.nothing : status.found;
  if (values.json) {
    await session.line(JSON.stringify(report));
    return end;
  }
  const { node, cpu, kernels, ffmpeg } = report;
  const rows: [string, string][] = [
    ["empreinte", report.version],
    ["node", `${node.version} (Node-API ${node.napi})`],
    ["platform", report.platform],
    ["processor", `${cpu.model}, ${cpu.threads} threads`],
    ["kernel", report.kernel ?? session.red("none")],
    ...kernels.map(({ name, instructions, supported }): [string, string] => [
      `  ${name}`,
      `${supported ? "runs here" : "does not run here"} (${instructions})`,
    ]),
    ["sharp", `${report.sharp} (libvips ${report.libvips})`],
    ["formats", report.formats.join(" ")],
    [
      "ffmpeg",
      ffmpeg
        ? `${ffmpeg.version} at ${ffmpeg.path} (${ffmpeg.source})${ffmpeg.outdated ? ", from before 4.4: install a current one" : ""}`
        : "not found; pictures do not need it",
    ],
    ...report.checks.map(({ name, fault }): [string, string] => [
      `test: ${name}`,
      fault === undefined ? session.green("ok") : session.red(fault),
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, text] of rows) await session.line(`${name.padEnd(width)}  ${text}`);
  for (const fault of report.faults) await session.line(`${session.red("fault:")} ${fault}`);
  await session.line(report.ok ? session.green("all is well") : session.red("something is wrong"));
  return end;
}
