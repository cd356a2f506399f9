import { catalogue, groupNamed, loadCommand } from "./commands/catalogue.js";
import { isInstalled } from "./external.js";
import { shownBeginning } from "./io/names.js";
import { type Session, status } from "./io/session.js";
import type { Command } from "./table/command.js";
import { either, parse, UsageError } from "./table/parse.js";

/** Returns true when `--help` or `-h` comes before `--`. */
function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === "--help" || arg === "-h");
}

async function generalHelp(): Promise<string> {
  const { mainHelp } = await import("./table/help.js");
  const { groups, commands, externals } = catalogue;
  const seen = await Promise.all(externals.map(async (one) => ({ ...one, installed: await isInstalled(one.name) })));
  return mainHelp(groups, await commands(), seen);
}

/** `--help` and `--version`, and what is wrong where no command is named. */
async function withoutCommand(args: readonly string[], session: Session): Promise<number> {
  const [name] = args;
  if (name === "--version" || name === "-V") {
    await session.line((await import("../index.js")).version);
    return status.nothing;
  }
  if (name === "--help" || name === "-h") {
    await session.line(await generalHelp());
    return status.nothing;
  }
  if (name === undefined) {
    session.message(`${await generalHelp()}\n`);
    return status.usage;
  }
  const external = catalogue.externals.find((one) => one.name === name);
  if (external !== undefined) {
    const { packageName } = external;
    session.note(
      `The command ${name} is in the package ${packageName}, which is not installed: npm install ${packageName}`,
    );
    return status.trouble;
  }
  throw new UsageError(`There is no command "${shownBeginning(name, 20)}"`);
}

/** Returns a group without one of its commands behind it. */
async function groupAlone(name: string, args: readonly string[], session: Session): Promise<number> {
  const { groupHelp } = await import("./table/help.js");
  const commands = (await catalogue.commands()).filter((command) => command.name.startsWith(`${name} `));
  if (wantsHelp(args.slice(1))) {
    await session.line(groupHelp(groupNamed(name)!, commands));
    return status.nothing;
  }
  const [, second] = args;
  if (second !== undefined) throw new UsageError(`There is no command "${name} ${shownBeginning(second, 20)}"`);
  const names = commands.map((command) => command.name.slice(name.length + 1));
  throw new UsageError(`Expected ${either(names)} after ${name}`);
}

/** Returns the command that the arguments name, of one word or two, and the arguments behind it. */
async function commandOf(args: readonly string[]): Promise<{ command: Command | undefined; rest: string[] }> {
  const two = args.length > 1 ? await loadCommand(args.slice(0, 2).join(" ")) : undefined;
  if (two !== undefined) return { command: two, rest: args.slice(2) };
  return { command: args[0] === undefined ? undefined : await loadCommand(args[0]), rest: args.slice(1) };
}

async function run(args: readonly string[], session: Session): Promise<number> {
  const { command, rest } = await commandOf(args);
  if (command === undefined) {
    const group = args[0] === undefined ? undefined : groupNamed(args[0]);
    return group === undefined ? withoutCommand(args, session) : groupAlone(group.name, args, session);
  }
  if (wantsHelp(rest)) {
    const { commandHelp } = await import("./table/help.js");
    await session.line(commandHelp(command));
    return status.nothing;
  }
  return command.run(parse(rest, command), session, catalogue);
}

/** Returns the exit status after an error, which is explained on standard error. */
async function failed(error: unknown, args: readonly string[], session: Session): Promise<number> {
  if (error instanceof UsageError) {
    const name = (await commandOf(args)).command?.name ?? groupNamed(args[0] ?? "")?.name;
    session.note(`${error.message}. See "empreinte${name === undefined ? "" : ` ${name}`} --help".`);
    return status.usage;
  }
  const code = (error as { code?: unknown }).code;
  const ours = error instanceof Error && typeof code === "string" && code.startsWith("ERR_EMPREINTE_");
  // An error that is not one of ours is a defect of the program: its stack is what a report needs.
  if (!session.signal.aborted) session.note(ours ? error.message : String((error as Error).stack ?? error));
  if (code === "ERR_EMPREINTE_INVALID_ARGUMENT") return status.usage;
  return args[0] === "doctor" ? status.found : status.trouble;
}

/** Runs a command line and returns its exit status. Results and messages go to the streams of the session. */
export async function main(args: readonly string[], session: Session): Promise<number> {
  try {
    return await session.end(await run(args, session));
  } catch (error) {
    return session.end(await failed(error, args, session));
  }
}
