import type { ColumnMap, ListProblem, ListFormat, OpenListOptions } from "../../../doors/lists.js";
import { UsageError } from "../../args.js";
import { shownPath } from "../../io/names.js";
import type { Session } from "../../io/session.js";

/** The options of all commands that read a list. */
export const listOptions = {
  from: { type: "string" },
  column: { type: "string", multiple: true },
  delimiter: { type: "string" },
  "no-header": { type: "boolean" },
  nation: { type: "string" },
  quiet: { type: "boolean" },
} as const;

export interface ListValues {
  from?: string;
  column?: string[];
  delimiter?: string;
  "no-header"?: boolean;
  nation?: string;
  quiet?: boolean;
}

const columnNames = ["pdq", "md5", "sha1", "sha256", "id", "quality", "time", "case", "status"] as const;

function columnsOf(values: ListValues): ColumnMap | undefined {
  const { column = [], delimiter, "no-header": headless } = values;
  if (column.length === 0) {
    if (delimiter !== undefined || headless === true) throw new UsageError("Expected --column for a CSV");
    return undefined;
  }
  const map: ColumnMap = { header: headless !== true };
  if (delimiter !== undefined) map.delimiter = delimiter === "tab" ? "\t" : delimiter;
  for (const given of column) {
    const [, what = "", name = ""] = /^([^=]+)=(.+)$/s.exec(given) ?? [];
    const place = /^\d+$/.test(name) ? Number(name) : name;
    const known = columnNames.find((one) => one === what);
    if (known !== undefined) map[known] = place;
    else if (/^label:[^:]+$/.test(what)) map.labels = { ...map.labels, [what.slice("label:".length)]: place };
    else throw new UsageError(`Expected WHAT=NAME for --column, WHAT one of ${columnNames.join(", ")} or label:SCHEME`);
  }
  return map;
}

/** Standard input for "-". */
export function listSource(path: string): string | NodeJS.ReadStream {
  return path === "-" ? process.stdin : path;
}

/** What the words on the command line mean; a format that there is not is refused by the library, by name. */
export function openOptions(path: string, values: ListValues, session: Session): OpenListOptions {
  const columns = columnsOf(values);
  return {
    name: path === "-" ? "standard input" : path,
    signal: session.signal,
    ...(values.from !== undefined && { format: values.from as ListFormat }),
    ...(columns && { columns }),
    ...(values.nation !== undefined && { nation: values.nation }),
  };
}

/** Problems printed one by one; a list of the wrong kind has a million. */
const problemsShown = 20;

/** Notes what could not be read, with its place. */
export class Faults {
  readonly #quiet: boolean;
  readonly #session: Session;
  count = 0;

  constructor(quiet: boolean, session: Session) {
    this.#quiet = quiet;
    this.#session = session;
  }

  readonly add = (fault: ListProblem): void => {
    if (++this.count > problemsShown || this.#quiet) return;
    const { list, entry, line, byte, field, reason } = fault;
    const where = line !== undefined ? `line ${line}` : byte !== undefined ? `byte ${byte}` : "";
    const place = [entry === undefined ? "" : `entry ${entry}`, where, field ?? ""]
      .filter((part) => part !== "")
      .join(", ");
    this.#session.note(`${shownPath(list)}: ${place === "" ? "" : `${shownPath(place)}: `}${reason}`);
  };

  /** How many were not printed. */
  end(): void {
    if (!this.#quiet && this.count > problemsShown) this.#session.note(`${this.count - problemsShown} more problems`);
  }
}
