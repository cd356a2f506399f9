import type { Readable } from "node:stream";
import type { ColumnMap, ListProblem, ListFormat, OpenListOptions } from "../../../doors/lists.js";
import { shownPath } from "../../io/names.js";
import { pipeOrPath } from "../../io/files/pipes.js";
import type { Session } from "../../io/session.js";
import { UsageError } from "../../table/parse.js";

/** The options of all commands that read a list. */
export const listOptions = {
  from: {
    type: "text",
    value: "FORMAT",
    group: "Reading",
    does: "Read the list as this format.",
    defaultText: "by its content",
  },
  column: {
    type: "text",
    value: "WHAT=NAME",
    repeat: true,
    group: "Reading",
    does: "Say which column of a CSV has what. NAME is the column's name, or its number from 1. WHAT is `pdq`, `md5`, `sha1`, `sha256`, `id`, `quality`, `time`, `case`, `status` or `label:SCHEME`.",
  },
  delimiter: {
    type: "text",
    value: "CHAR",
    group: "Reading",
    needs: ["column"],
    does: "The character between the columns of a CSV; `tab` means a tab.",
    defaultText: "by its first line",
  },
  "no-header": {
    type: "flag",
    group: "Reading",
    needs: ["column"],
    does: "The first line of a CSV is an entry.",
  },
  nation: {
    type: "text",
    value: "CODE",
    group: "Reading",
    does: "The country whose categories a VICS list has, if the list does not say so: `us`, `uk`, `ca` and so on.",
  },
  quiet: {
    type: "flag",
    does: "Print no progress, problems or notes. Errors are still printed.",
  },
} as const;

export interface ListValues {
  from: string | undefined;
  column: string[];
  delimiter: string | undefined;
  noHeader: boolean;
  nation: string | undefined;
}

const columnNames = ["pdq", "md5", "sha1", "sha256", "id", "quality", "time", "case", "status"] as const;

function columnsOf({ column, delimiter, noHeader }: ListValues): ColumnMap | undefined {
  if (column.length === 0) return undefined;
  const map: ColumnMap = { header: !noHeader };
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

/** Returns the source of a list: standard input for "-", otherwise the path. */
export function listSource(path: string, session: Session): string | Readable {
  return path === "-" ? session.stdin : pipeOrPath(path);
}

/** The library's options for a list. The library refuses an unknown format by its name. */
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

/** Prints what could not be read, with its place. */
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

  /** Prints how many were not printed. */
  end(): void {
    if (!this.#quiet && this.count > problemsShown) this.#session.note(`${this.count - problemsShown} more problems`);
  }
}
