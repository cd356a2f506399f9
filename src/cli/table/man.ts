import type { Command, CommandGroup, ExternalCommand, Section } from "./command.js";
import { documentOf, generalStatuses, sharedSections } from "./document.js";
import { marked } from "./marks.js";

/** Returns text for roff: no line begins with a control character, and a hyphen stays a hyphen. */
function escaped(text: string): string {
  const safe = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...").replaceAll("×", "x");
  return /^[.']/.test(safe) ? `\\&${safe}` : safe;
}

const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;

/** A text of a table, with its code in bold. */
const prose = (text: string): string => marked(text, bold, escaped);

function section({ title, text = [], rows = [] }: Section): string[] {
  return [
    ".PP",
    bold(title),
    ...text.flatMap((paragraph) => [".PP", prose(paragraph)]),
    ...rows.flatMap(([term, meaning]) => [".TP", bold(term), prose(meaning)]),
  ];
}

function commandPart(command: Command): string[] {
  const { name, summary, usage, description, sections, examples } = documentOf(command);
  return [
    `.SS empreinte ${escaped(name)}`,
    `${prose(summary)}.`,
    ".PP",
    ".nf",
    ...usage.map(escaped),
    ".fi",
    ...description.flatMap((paragraph) => [".PP", prose(paragraph)]),
    ...sections.filter(({ shared }) => shared !== true).flatMap(section),
    ".PP",
    bold(examples.length === 1 ? "Example" : "Examples"),
    ...examples.flatMap(({ command: line, does }) => [".PP", prose(does), ".PP", ".nf", escaped(line), ".fi"]),
  ];
}

/** Returns the text of `man/empreinte.1`. */
export function manualPage(
  groups: readonly CommandGroup[],
  commands: readonly Command[],
  externals: readonly ExternalCommand[],
): string {
  return [
    `.\\" Made by "npm run docs:commands" from the tables of the commands.`,
    ".TH EMPREINTE 1",
    ".SH NAME",
    "empreinte \\- has this image or video been seen before?",
    ".SH SYNOPSIS",
    ".B empreinte",
    ".I COMMAND",
    "[options] ...",
    ".SH DESCRIPTION",
    "empreinte hashes images and videos, and finds those that a list of known hashes contains.",
    ...groups.flatMap(({ name, summary, description }) => [
      ".PP",
      `${bold(`empreinte ${name}`)}: ${escaped(summary)}.`,
      ...description.map(prose),
    ]),
    ".SH COMMANDS",
    ...commands.flatMap(commandPart),
    ".SH FILES AND NAMES",
    ...sharedSections(commands).flatMap(section),
    ".SH EXIT STATUS",
    ...generalStatuses.flatMap(([code, meaning]) => [".TP", bold(code), escaped(meaning)]),
    ".SH COMMANDS FROM OTHER PACKAGES",
    "empreinte NAME runs the program empreinte\\-NAME where it is installed.",
    ...externals.flatMap(({ name, packageName, summary }) => [
      ".TP",
      bold(name),
      escaped(`${summary}. The package is ${packageName}.`),
    ]),
    "",
  ].join("\n");
}
