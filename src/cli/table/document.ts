import type { Argument, Command, CommandExample, Option, Section } from "./command.js";

type Row = readonly [term: string, meaning: string];

/** What a help text, a manual page and a page of documentation say of a command, in their order. */
export interface CommandDocument {
  name: string;
  summary: string;
  usage: string[];
  description: readonly string[];
  sections: Section[];
  examples: readonly CommandExample[];
}

/** Exit statuses that every command has, from sysexits.h and the shell. */
const commonStatuses: readonly Row[] = [
  ["64", "The command line is wrong."],
  ["130", "Ctrl-C stopped the command."],
];

/** What the exit statuses mean in general. */
export const generalStatuses: readonly Row[] = [
  ["0", "Nothing was found. For commands that search nothing: all is well."],
  ["1", "Something was found. For commands that check: something is wrong."],
  ["2", "Some input or output caused trouble."],
  ...commonStatuses,
];

export function argumentTerm(name: string, { repeat, optional }: Argument): string {
  const term = `${name.toUpperCase()}${repeat === true ? "…" : ""}`;
  return optional === true ? `[${term}]` : term;
}

/** Returns an option as it is typed: `-o, --output FILE`. */
function optionTerm(name: string, option: Option): string {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  return `${short}--${name}${option.type === "flag" ? "" : ` ${option.value}`}`;
}

function rangeText(least: number, most: number | undefined): string {
  return most === undefined ? `At least ${least}.` : `Range: ${least} to ${most}.`;
}

function optionMeaning(option: Option): string {
  const sentences = [option.does];
  if (option.type === "flag") return option.does;
  if (option.type === "integer" || option.type === "number") sentences.push(rangeText(option.least, option.most));
  if (option.repeat === true) sentences.push("Can be repeated.");
  if (option.defaultText !== undefined) sentences.push(`Default: ${option.defaultText}.`);
  else if (option.default !== undefined) sentences.push(`Default: \`${option.default}\`.`);
  return sentences.join(" ");
}

function usageOf({ name, arguments: wanted, options }: Command): string {
  const required = Object.entries(options).flatMap(([option, spec]) =>
    spec.type !== "flag" && spec.required === true ? [`--${option} ${spec.value}`] : [],
  );
  const others = Object.keys(options).length > required.length ? ["[options]"] : [];
  const terms = Object.entries(wanted).map(([argument, spec]) => argumentTerm(argument, spec));
  return ["empreinte", name, ...required, ...others, ...terms].join(" ");
}

/** Returns the options under their headings, in the order in which the headings first appear. */
function optionSections({ options }: Command): Section[] {
  const groups = new Map<string, Row[]>();
  for (const [name, option] of Object.entries(options)) {
    const title = option.group ?? "Options";
    const rows = groups.get(title) ?? [];
    rows.push([optionTerm(name, option), optionMeaning(option)]);
    groups.set(title, rows);
  }
  return [...groups].map(([title, rows]) => ({ title, rows }));
}

/** The sections that several commands share, each once. */
export function sharedSections(commands: readonly Command[]): Section[] {
  const shared = commands.flatMap(({ sections = [] }) => sections.filter((section) => section.shared === true));
  return [...new Map(shared.map((section) => [section.title, section])).values()];
}

export function documentOf(command: Command): CommandDocument {
  const { name, summary, description = [], arguments: wanted, sections = [], statuses, examples } = command;
  const argumentRows = Object.entries(wanted).map(([argument, spec]): Row => {
    return [argumentTerm(argument, { ...spec, optional: false }), spec.does];
  });
  return {
    name,
    summary,
    usage: command.usage === undefined ? [usageOf(command)] : command.usage.map((line) => `empreinte ${name} ${line}`),
    description,
    sections: [
      ...(argumentRows.length > 0 ? [{ title: "Arguments", rows: argumentRows }] : []),
      ...optionSections(command),
      ...sections,
      { title: "Exit status", rows: [...Object.entries(statuses), ...commonStatuses] },
    ],
    examples,
  };
}
