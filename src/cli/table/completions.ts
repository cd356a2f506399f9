import type { Argument, Command, CommandGroup, ExternalCommand, Option } from "./command.js";
import { plain } from "./marks.js";

export type Shell = "bash" | "zsh" | "fish";

interface Words {
  groups: readonly CommandGroup[];
  commands: readonly Command[];
  externals: readonly ExternalCommand[];
}

/** Returns the possible first words: single commands, groups and commands of other packages. */
function firstWords({ groups, commands, externals }: Words): { name: string; summary: string }[] {
  return [...commands.filter(({ name }) => !name.includes(" ")), ...groups, ...externals];
}

/** The commands of a group, without its name. */
function secondWords(group: CommandGroup, commands: readonly Command[]): { name: string; summary: string }[] {
  return commands
    .filter(({ name }) => name.startsWith(`${group.name} `))
    .map(({ name, summary }) => ({ name: name.slice(group.name.length + 1), summary }));
}

const optionsOf = ({ options }: Command): [string, Option][] => [
  ...Object.entries(options),
  ["help", { type: "flag", does: "Explain the command." }],
];

const firstSentence = (text: string): string => /^.*?[.](?= |$)/.exec(plain(text))?.[0].slice(0, -1) ?? plain(text);
const choicesOf = (one: Option | Argument): readonly string[] | undefined =>
  "choices" in one ? one.choices : undefined;

function bash({ groups, commands, externals }: Words): string {
  const reply = (words: readonly string[]): string => `COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word"))`;
  const values = commands.flatMap((command) =>
    optionsOf(command).flatMap(([name, option]) => {
      const choices = choicesOf(option);
      return choices === undefined ? [] : [`    "${command.name}:--${name}") ${reply(choices)}; return ;;`];
    }),
  );
  const options = commands.map((command) => {
    return `        "${command.name}") ${reply(optionsOf(command).map(([name]) => `--${name}`))} ;;`;
  });
  const argumentChoices = commands.flatMap((command) =>
    Object.values(command.arguments).flatMap((argument) => {
      return argument.choices === undefined ? [] : [`    "${command.name}") ${reply(argument.choices)} ;;`];
    }),
  );
  const first = [...firstWords({ groups, commands, externals }).map(({ name }) => name), "--help", "--version"];
  return [
    "# Completion of empreinte for bash: source <(empreinte completions bash)",
    "_empreinte() {",
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" name="${COMP_WORDS[1]}"',
    "  COMPREPLY=()",
    `  if [ "$COMP_CWORD" -eq 1 ]; then ${reply(first)}; return; fi`,
    '  case "$name" in',
    ...groups.map(({ name }, i) => {
      const inside = secondWords(groups[i]!, commands).map((command) => command.name);
      return `    ${name}) if [ "$COMP_CWORD" -eq 2 ]; then ${reply([...inside, "--help"])}; return; fi; name="${name} \${COMP_WORDS[2]}" ;;`;
    }),
    "  esac",
    '  if [ "$word" = "=" ]; then word=""; elif [ "$before" = "=" ]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi',
    '  case "$name:$before" in',
    ...values,
    "  esac",
    '  case "$word" in',
    "    -*)",
    '      case "$name" in',
    ...options,
    "      esac",
    "      return ;;",
    "  esac",
    '  case "$name" in',
    ...argumentChoices,
    "  esac",
    "}",
    "complete -o default -F _empreinte empreinte",
    "",
  ].join("\n");
}

const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh({ groups, commands, externals }: Words): string {
  const described = (words: readonly { name: string; summary: string }[]): string =>
    words.map(({ name, summary }) => single(`${name}:${summary}`)).join(" ");
  const inBrackets = (text: string): string => firstSentence(text).replace(/[[\]:\\]/g, "\\$&");
  const action = (one: Option | Argument, files: boolean): string => {
    const choices = choicesOf(one);
    return choices === undefined ? (files ? "_files" : " ") : `(${choices.join(" ")})`;
  };
  const optionSpec = ([name, option]: [string, Option]): string[] => {
    const repeat = option.type !== "flag" && option.repeat === true ? "*" : "";
    const value = option.type === "flag" ? "" : `:${option.value}:${action(option, isFile(option))}`;
    const names = [`--${name}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
    return names.map((one) => single(`${repeat}${one}[${inBrackets(option.does)}]${value}`));
  };
  const argumentSpec = ([name, argument]: [string, Argument]): string => {
    const place = argument.repeat === true ? "*" : "";
    return single(`${place}:${name.toUpperCase()}:${action(argument, argument.files !== false)}`);
  };
  const cases = commands.map((command) => {
    const specs = [...optionsOf(command).flatMap(optionSpec), ...Object.entries(command.arguments).map(argumentSpec)];
    return `    ${single(command.name)}) _arguments ${specs.join(" ")} ;;`;
  });
  return [
    "#compdef empreinte",
    "# Completion of empreinte for zsh: save it as _empreinte in a folder of $fpath.",
    "_empreinte() {",
    "  local -a commands",
    "  local name=$words[2]",
    "  if (( CURRENT == 2 )); then",
    `    commands=(${described(firstWords({ groups, commands, externals }))})`,
    "    _describe command commands",
    "    return",
    "  fi",
    "  case $name in",
    ...groups.map((group) => {
      const inside = described(secondWords(group, commands));
      return `    ${group.name}) if (( CURRENT == 3 )); then commands=(${inside}); _describe command commands; return; fi; name="$name $words[3]"; shift words; (( CURRENT-- )) ;;`;
    }),
    "  esac",
    "  shift words",
    "  (( CURRENT-- ))",
    "  case $name in",
    ...cases,
    "    *) _files ;;",
    "  esac",
    "}",
    'if [ "$funcstack[1]" = "_empreinte" ]; then _empreinte "$@"; else compdef _empreinte empreinte; fi',
    "",
  ].join("\n");
}

const isFile = ({ type }: Option): boolean => type === "file" || type === "folder";

function fish({ groups, commands, externals }: Words): string {
  const line = (condition: string, ...rest: string[]): string =>
    `complete -c empreinte -n ${single(condition)} ${rest.join(" ")}`;
  const option = (command: Command, [name, spec]: [string, Option]): string => {
    const choices = choicesOf(spec);
    const value = spec.type === "flag" ? [] : isFile(spec) ? ["-r", "-F"] : ["-x"];
    const words = choices === undefined ? [] : ["-a", single(choices.join(" "))];
    const short = spec.short === undefined ? [] : ["-s", spec.short];
    const does = ["-d", single(firstSentence(spec.does))];
    return line(`__empreinte_is ${command.name}`, ...short, "-l", name, ...value, ...words, ...does);
  };
  return [
    "# Completion of empreinte for fish: empreinte completions fish > ~/.config/fish/completions/empreinte.fish",
    "function __empreinte_is",
    "  set -l words (commandline -opc)",
    "  set -l last (math 1 + (count $argv))",
    '  test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"',
    "end",
    "function __empreinte_has",
    "  test (count (commandline -opc)) -eq $argv[1]; and begin; test $argv[1] -eq 1; or __empreinte_is $argv[2]; end",
    "end",
    ...firstWords({ groups, commands, externals }).map(({ name, summary }) =>
      line("__empreinte_has 1", "-f", "-a", name, "-d", single(summary)),
    ),
    ...groups.flatMap((group) =>
      secondWords(group, commands).map(({ name, summary }) =>
        line(`__empreinte_has 2 ${group.name}`, "-f", "-a", name, "-d", single(summary)),
      ),
    ),
    ...commands.flatMap((command) => optionsOf(command).map((one) => option(command, one))),
    ...commands.flatMap((command) =>
      Object.values(command.arguments).flatMap(({ choices }) => {
        return choices === undefined
          ? []
          : [line(`__empreinte_is ${command.name}`, "-f", "-a", single(choices.join(" ")))];
      }),
    ),
    "",
  ].join("\n");
}

/** Returns the text that teaches a shell to complete the commands and options. */
export function completions(shell: Shell, words: Words): string {
  return { bash, zsh, fish }[shell](words);
}
