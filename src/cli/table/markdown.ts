import type { Command, CommandGroup, ExternalCommand, Section } from "./command.js";
import { documentOf, sharedSections } from "./document.js";
import { marked } from "./marks.js";

/** Returns text for a cell of a table. Terms and option names stand in backquotes already. */
const cell = (text: string): string => text.replaceAll("|", "\\|");
const code = (text: string): string => `\`${text}\``;

/** Text of a table or paragraph. Options are code, also those that the text does not mark. */
const prose = (text: string): string =>
  marked(text, code, (part) =>
    part
      .replaceAll("\\", "\\\\")
      .replaceAll("<", "&lt;")
      .replace(/(?<![\w-])--[a-z][a-z-]*/g, code),
  );

function section({ title, text = [], rows = [] }: Section): string[] {
  const table = rows.map(([term, meaning]) => `| ${code(cell(term))} | ${cell(prose(meaning))} |`);
  return [
    "",
    `**${title}**`,
    ...text.flatMap((paragraph) => ["", prose(paragraph)]),
    ...(table.length > 0 ? ["", "| | |", "| --- | --- |", ...table] : []),
  ];
}

function commandPart(command: Command): string[] {
  const { name, summary, usage, description, sections, examples } = documentOf(command);
  return [
    "",
    `## empreinte ${name}`,
    "",
    `${prose(summary)}.`,
    "",
    "```",
    ...usage,
    "```",
    ...description.flatMap((paragraph) => ["", prose(paragraph)]),
    ...sections.filter(({ shared }) => shared !== true).flatMap(section),
    "",
    examples.length === 1 ? "**Example**" : "**Examples**",
    ...examples.flatMap(({ command: line, does }) => ["", prose(does), "", "```", line, "```"]),
  ];
}

const anchor = (name: string): string => `#empreinte-${name.replaceAll(" ", "-")}`;

/** Returns the text of `docs/command-line.md`. */
export function commandLinePage(
  groups: readonly CommandGroup[],
  commands: readonly Command[],
  externals: readonly ExternalCommand[],
): string {
  const inGroup = (name: string): Command[] => commands.filter((command) => command.name.startsWith(`${name} `));
  const single = commands.filter(({ name }) => !name.includes(" "));
  const line = ({ name, summary }: Command): string => `| [${name}](${anchor(name)}) | ${cell(prose(summary))} |`;
  return [
    "# The command line",
    "",
    "`npm run docs:commands` makes this page from the tables of the commands. `empreinte COMMAND --help` prints the same.",
    "",
    "| command | what it does |",
    "| --- | --- |",
    ...[...single, ...groups.flatMap(({ name }) => inGroup(name))].map(line),
    "",
    "Other packages add commands. `empreinte NAME` runs the program `empreinte-NAME` where it is installed.",
    "",
    "| command | package | what it does |",
    "| --- | --- | --- |",
    ...externals.map(({ name, packageName, summary }) => `| ${name} | \`${packageName}\` | ${summary} |`),
    ...single.flatMap(commandPart),
    ...groups.flatMap((group) => [
      "",
      `# ${group.summary}`,
      ...group.description.flatMap((paragraph) => ["", prose(paragraph)]),
      ...inGroup(group.name).flatMap(commandPart),
    ]),
    "",
    "# What commands on files share",
    ...sharedSections(commands).flatMap(section),
    "",
  ].join("\n");
}
