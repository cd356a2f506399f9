#!/usr/bin/env node
import { UsageError } from "./args.js";
import {
  bankCreateHelp,
  bankImportHelp,
  bankInfoHelp,
  bankListHelp,
  bankPolicyHelp,
  bankWithdrawHelp,
  bankEraseHelp,
  bankQuarantineHelp,
  bankReleaseHelp,
  bankExportHelp,
  bankAuditHelp,
  bankVerifyHelp,
  bankHelp,
} from "./commands/bank/help.js";
import { evaluateHelp } from "./commands/evaluate-help.js";
import { doctorHelp, hashHelp, help, registerHelp, scanHelp } from "./help.js";
import { benchHelp, buildHelp, indexHelp, infoHelp, verifyHelp } from "./commands/index/help.js";
import { listCheckHelp, listConvertHelp, listHelp } from "./commands/list/help.js";
import { Session, status } from "./io/session.js";
import { videoHelp, videoMatchHelp } from "./commands/video/help.js";

interface Command {
  help: string;
  /** Loaded only when asked for: `--help` works, and the loader's advice is readable, where the addon does not load. */
  load: () => Promise<{ run: (args: string[], session: Session) => Promise<number> }>;
}

const commands = new Map<string, Command>([
  ["hash", { help: hashHelp, load: () => import("./commands/hash.js") }],
  ["register", { help: registerHelp, load: () => import("./commands/register.js") }],
  ["scan", { help: scanHelp, load: () => import("./commands/scan/scan.js") }],
  ["index", { help: indexHelp, load: () => import("./commands/index/command.js") }],
  ["index build", { help: buildHelp, load: () => import("./commands/index/build.js") }],
  ["index info", { help: infoHelp, load: () => import("./commands/index/info.js") }],
  ["index verify", { help: verifyHelp, load: () => import("./commands/index/verify.js") }],
  ["index bench", { help: benchHelp, load: () => import("./commands/index/bench.js") }],
  ["bank", { help: bankHelp, load: () => import("./commands/bank/command.js") }],
  ["bank create", { help: bankCreateHelp, load: () => import("./commands/bank/create.js") }],
  ["bank import", { help: bankImportHelp, load: () => import("./commands/bank/import.js") }],
  ["bank info", { help: bankInfoHelp, load: () => import("./commands/bank/info.js") }],
  ["bank list", { help: bankListHelp, load: () => import("./commands/bank/list.js") }],
  ["bank policy", { help: bankPolicyHelp, load: () => import("./commands/bank/policy.js") }],
  [
    "bank withdraw",
    { help: bankWithdrawHelp, load: () => import("./commands/bank/withdraw.js").then(({ withdraw }) => withdraw) },
  ],
  ["bank erase", { help: bankEraseHelp, load: () => import("./commands/bank/withdraw.js").then(({ erase }) => erase) }],
  ["bank quarantine", { help: bankQuarantineHelp, load: () => import("./commands/bank/quarantine.js") }],
  ["bank release", { help: bankReleaseHelp, load: () => import("./commands/bank/release.js") }],
  ["bank export", { help: bankExportHelp, load: () => import("./commands/bank/export.js") }],
  ["bank audit", { help: bankAuditHelp, load: () => import("./commands/bank/audit.js") }],
  ["bank verify", { help: bankVerifyHelp, load: () => import("./commands/bank/verify.js") }],
  ["list", { help: listHelp, load: () => import("./commands/list/command.js") }],
  ["list check", { help: listCheckHelp, load: () => import("./commands/list/check.js") }],
  ["list convert", { help: listConvertHelp, load: () => import("./commands/list/convert.js") }],
  ["video", { help: videoHelp, load: () => import("./commands/video/command.js") }],
  ["video match", { help: videoMatchHelp, load: () => import("./commands/video/match.js") }],
  ["evaluate", { help: evaluateHelp, load: () => import("./commands/evaluate.js") }],
  ["doctor", { help: doctorHelp, load: () => import("./commands/doctor.js") }],
]);

/** True when `--help` or `-h` stands before `--`. */
function wantsHelp(args: string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === "--help" || arg === "-h");
}

/** The command that the arguments name, of one word or two, and what is behind it. */
function commandOf(args: string[]): { name: string | undefined; rest: string[] } {
  const two = args.slice(0, 2).join(" ");
  if (commands.has(two)) return { name: two, rest: args.slice(args.length > 1 ? 2 : 1) };
  return { name: args[0], rest: args.slice(1) };
}

async function main(args: string[], session: Session): Promise<number> {
  const { name, rest } = commandOf(args);
  if (name === "--version" || name === "-V") {
    await session.line((await import("../index.js")).version);
    return status.nothing;
  }
  if (name === "--help" || name === "-h") {
    await session.line(help.trimEnd());
    return status.nothing;
  }
  if (name === undefined) {
    process.stderr.write(help);
    return status.usage;
  }
  const command = commands.get(name);
  if (command === undefined) throw new UsageError(`There is no command "${name.slice(0, 20)}"`);
  if (wantsHelp(rest)) {
    await session.line(command.help.trimEnd());
    return status.nothing;
  }
  return (await command.load()).run(rest, session);
}

const session = new Session();
const args = process.argv.slice(2);
try {
  await session.exit(await main(args, session));
} catch (error) {
  if (error instanceof UsageError) {
    const { name = "" } = commandOf(args);
    session.note(`${error.message}. See "empreinte${commands.has(name) ? ` ${name}` : ""} --help".`);
    await session.exit(status.usage);
  }
  const code = (error as { code?: unknown }).code;
  const ours = error instanceof Error && typeof code === "string" && code.startsWith("ERR_EMPREINTE_");
  // An error that is not one of ours is a defect of the program: its stack is what a report needs.
  if (!session.signal.aborted) session.note(ours ? error.message : String((error as Error).stack ?? error));
  if (code === "ERR_EMPREINTE_INVALID_ARGUMENT") await session.exit(status.usage);
  await session.exit(args[0] === "doctor" ? status.found : status.trouble);
}
