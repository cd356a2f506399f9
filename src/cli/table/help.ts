import type { Command, CommandGroup, ExternalCommand, Section } from "./command.js";
import { documentOf, generalStatuses } from "./document.js";
import { plain } from "./marks.js";

const width = 100;
const termWidth = 24;

/** `text` in lines of at most `columns`, each behind `indent` spaces. */
function wrap(text: string, indent: number, columns: number = width): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of plain(text).split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > columns) {
      lines.push(" ".repeat(indent) + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, " ".repeat(indent) + line];
}

/** The term, and its meaning beside it, or below where the term is long. */
function row([term, meaning]: readonly [string, string], column: number): string[] {
  const lines = wrap(meaning, column);
  if (term.length + 4 > column) return [`  ${term}`, ...lines];
  return [`  ${term.padEnd(column - 2)}${lines[0]!.trimStart()}`, ...lines.slice(1)];
}

function rows(all: readonly (readonly [string, string])[]): string[] {
  const longest = Math.max(...all.map(([term]) => term.length));
  return all.flatMap((one) => row(one, Math.min(longest + 4, termWidth + 2)));
}

function section({ title, text = [], rows: all = [] }: Section): string[] {
  const paragraphs = text.flatMap((paragraph, i) => [...(i > 0 ? [""] : []), ...wrap(paragraph, 2)]);
  return ["", `${title}:`, ...paragraphs, ...(text.length > 0 && all.length > 0 ? [""] : []), ...rows(all)];
}

/** Returns the text that `empreinte COMMAND --help` prints. */
export function commandHelp(command: Command): string {
  const { name, summary, usage, description, sections, examples } = documentOf(command);
  return [
    `empreinte ${name}: ${plain(summary)}.`,
    "",
    usage.length === 1 ? `Usage: ${usage[0]!}` : "Usage:",
    ...(usage.length === 1 ? [] : usage.map((line) => `  ${line}`)),
    ...description.flatMap((paragraph) => ["", ...wrap(paragraph, 0)]),
    ...sections.flatMap(section),
    "",
    examples.length === 1 ? "Example:" : "Examples:",
    ...examples.flatMap(({ command: line, does }) => [`  ${line}`, ...wrap(does, 6)]),
  ].join("\n");
}

/** Returns the text that `empreinte GROUP --help` prints. */
export function groupHelp(group: CommandGroup, commands: readonly Command[]): string {
  return [
    `empreinte ${group.name}: ${group.summary}.`,
    "",
    `Usage: empreinte ${group.name} COMMAND [options] …`,
    ...group.description.flatMap((paragraph) => ["", ...wrap(paragraph, 0)]),
    "",
    "Commands:",
    ...rows(commands.map(({ name, summary }) => [name, `${summary}.`] as const)),
    "",
    `"empreinte ${group.name} COMMAND --help" explains one command.`,
  ].join("\n");
}

/** Returns the text that `empreinte --help` prints. */
export function mainHelp(
  groups: readonly CommandGroup[],
  commands: readonly Command[],
  externals: readonly (ExternalCommand & { installed: boolean })[],
): string {
  const group = (title: string, all: readonly Command[]): string[] => [
    "",
    `${title}:`,
    ...rows(all.map(({ name, summary }) => [name, `${summary}.`] as const)),
  ];
  const inGroup = (name: string): Command[] => commands.filter((command) => command.name.startsWith(`${name} `));
  return [
    "empreinte: has this image or video been seen before?",
    "",
    "Usage: empreinte COMMAND [options] …",
    ...group(
      "Commands",
      commands.filter(({ name }) => !name.includes(" ")),
    ),
    ...groups.flatMap(({ name, summary }) => group(`${summary} (empreinte ${name})`, inGroup(name))),
    "",
    "Commands from other packages:",
    ...rows(
      externals.map(({ name, packageName, summary, installed }) => [
        name,
        `${summary}. ${installed ? "Installed." : `Needs the package ${packageName}.`}`,
      ]),
    ),
    "",
    `"empreinte COMMAND --help" explains one command. "empreinte --version" prints the version.`,
    "",
    "Exit status:",
    ...rows(generalStatuses),
  ].join("\n");
}
