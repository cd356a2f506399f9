import type { Session } from "../io/session.js";

/** What every option has. Names are written as on the command line, without the two dashes. */
interface OptionBase {
  /** What it does: whole sentences, for the help, the manual page and the documentation. Backquotes mark code. */
  readonly does: string;
  /** The heading above the option. Default: "Options". */
  readonly group?: string;
  /** Its one-letter name. */
  readonly short?: string;
  /** Options that must be given as well. */
  readonly needs?: readonly string[];
  /** Options that must not be given as well. */
  readonly excludes?: readonly string[];
}

/** An option without a value. */
export interface FlagOption extends OptionBase {
  readonly type: "flag";
}

interface ValueOption extends OptionBase {
  /** The placeholder of its value, such as `FILE`. */
  readonly value: string;
  /** May be given several times. */
  readonly repeat?: boolean;
  readonly required?: boolean;
  /** The default as the help prints it, where it is no constant. */
  readonly defaultText?: string;
}

/** An option whose value is any text, or the name of a file or folder, which shells can complete. */
export interface TextOption extends ValueOption {
  readonly type: "text" | "file" | "folder";
  readonly default?: string;
}

/** An option whose value is a number in `least … most`. */
export interface NumberOption extends ValueOption {
  readonly type: "integer" | "number";
  readonly least: number;
  readonly most?: number;
  readonly default?: number;
}

/** An option whose value is one of some words. */
export interface ChoiceOption extends ValueOption {
  readonly type: "choice";
  readonly choices: readonly string[];
  readonly default?: string;
}

export type Option = FlagOption | TextOption | NumberOption | ChoiceOption;
export type Options = Readonly<Record<string, Option>>;

/** An argument without dashes. Its name is printed in capital letters. */
export interface Argument {
  readonly does: string;
  /** The last argument may stand for any number of values. */
  readonly repeat?: boolean;
  readonly optional?: boolean;
  readonly choices?: readonly string[];
  /** Whether shells complete names of files. True unless it says otherwise. */
  readonly files?: boolean;
}
export type Arguments = Readonly<Record<string, Argument>>;

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

type One<O extends Option> = O extends FlagOption
  ? boolean
  : O extends NumberOption
    ? number
    : O extends { type: "choice"; choices: readonly (infer Choice)[] }
      ? Choice
      : string;

type OptionValue<O extends Option> = O extends { repeat: true }
  ? One<O>[]
  : O extends FlagOption | { required: true } | { default: string | number }
    ? One<O>
    : One<O> | undefined;

type ArgumentValue<A extends Argument> = A extends { repeat: true }
  ? string[]
  : A extends { optional: true }
    ? string | undefined
    : string;

/** The values of options by their names in camel case: `--min-quality` is `minQuality`. */
export type OptionValues<O extends Options> = {
  [Name in keyof O & string as Camel<Name>]: OptionValue<O[Name]>;
};

/** A command line as the table of its command describes it. */
export interface Given<A extends Arguments = Arguments, O extends Options = Options> {
  arguments: { [Name in keyof A & string]: ArgumentValue<A[Name]> };
  options: OptionValues<O>;
  /** The options that were given, under their names on the command line; the others have their defaults. */
  named: ReadonlySet<string>;
}

/** A paragraph, or a table of terms and what they mean, under a heading. */
export interface Section {
  readonly title: string;
  /** It is the same for several commands: a page about all commands has it once. */
  readonly shared?: boolean;
  readonly text?: readonly string[];
  readonly rows?: readonly (readonly [term: string, meaning: string])[];
}

export interface CommandExample {
  readonly command: string;
  readonly does: string;
}

/**
 * Everything that is known of a command: its parser, help, manual page, documentation and completions come from this.
 */
export interface CommandTable<A extends Arguments = Arguments, O extends Options = Options> {
  /** The words that are typed after `empreinte`: `scan`, `bank create`. */
  readonly name: string;
  /** One sentence without a full stop, for lists of commands. */
  readonly summary: string;
  readonly description?: readonly string[];
  /** The forms of the command line behind the name, where one line made from the tables does not say it all. */
  readonly usage?: readonly string[];
  readonly arguments: A;
  readonly options: O;
  readonly sections?: readonly Section[];
  /** The exit statuses of its own. 64 and 130 are those of all commands. */
  readonly statuses: Readonly<Record<number, string>>;
  readonly examples: readonly [CommandExample, ...CommandExample[]];
  readonly run: (given: Given<A, O>, session: Session, catalogue: Catalogue) => Promise<number>;
}

/** A command whose types of options are no longer of interest. */
export interface Command extends Omit<CommandTable, "run"> {
  readonly run: (given: Given, session: Session, catalogue: Catalogue) => Promise<number>;
}

/** Gives `run` the types of the options and arguments beside it. */
export function defineCommand<const A extends Arguments, const O extends Options>(table: CommandTable<A, O>): Command {
  const { run } = table;
  return { ...table, run: (given, session, catalogue) => run(given as unknown as Given<A, O>, session, catalogue) };
}

/** Commands that share their first word. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly description: readonly string[];
}

/** A command of another package: `empreinte NAME` runs the program `empreinte-NAME`. */
export interface ExternalCommand {
  readonly name: string;
  readonly packageName: string;
  readonly summary: string;
  /** Variables that its program gets unless the user has set them. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** All commands there are, for what describes them all. */
export interface Catalogue {
  readonly groups: readonly CommandGroup[];
  readonly externals: readonly ExternalCommand[];
  readonly commands: () => Promise<Command[]>;
}
