import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EmpreinteError, systemReason } from "../../errors.js";

/** What one method answered to one query; short names, as there is a line of each in the state file. */
export interface Row {
  /** The query's name. */
  q: string;
  /** The method's name and version. */
  m: string;
  /** Distance to the nearest entry of the query's own image; null when the method did not give it. */
  d: number | null;
  /** The tier of that, where the method decides itself. */
  t?: "match" | "review";
  /** The variant that found it. */
  v?: string;
  /** 0 when the method refused the query. */
  u: 0 | 1;
  /** Other images' entries within 100: stratum, distance, and how many. */
  w: [number, number, number][];
  /** The nearest of them: entry, distance, and its tier. */
  n?: [number, number, ("match" | "review")?];
  /** Others that are a match or for review: stratum, and how many of each. */
  f: [number, number, number][];
  /** Of a clip: the share of its time that was found. */
  c?: number;
  /** Hashes. */
  h: number;
  /** Milliseconds. */
  ms: number;
  /** Name, hashes and milliseconds of its parts. */
  s?: [string, number, number][];
}

const fileName = "state.jsonl";

function unwritable(path: string, error: unknown): EmpreinteError {
  return new EmpreinteError("ERR_EMPREINTE_WRITE", `${path} cannot be written: ${systemReason(error)}`, {
    cause: error,
  });
}

/**
 * What was measured so far, a line each. A run that was ended goes on from it; what the header says decides what a row is,
 * and a file of another header is not touched unless `restart`.
 */
export class State {
  readonly rows: Map<string, Row>;
  readonly #file: FileHandle | undefined;
  readonly #path: string;
  #waiting: string[] = [];
  #written: Promise<void> = Promise.resolve();

  private constructor(rows: Map<string, Row>, path: string, file: FileHandle | undefined) {
    this.rows = rows;
    this.#path = path;
    this.#file = file;
  }

  /**
   * @param folder the report's; it is made. Without one nothing is kept.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`: it cannot be written, or has another evaluation's state.
   */
  static async open(folder: string | undefined, header: string, restart: boolean): Promise<State> {
    if (folder === undefined) return new State(new Map(), "", undefined);
    const path = join(folder, fileName);
    let text = "";
    try {
      await mkdir(folder, { recursive: true });
      if (!restart) text = await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unwritable(folder, error);
    }
    const lines = text.split("\n");
    if (text !== "" && lines.length > 1 && lines[0] !== header) {
      throw new EmpreinteError(
        "ERR_EMPREINTE_WRITE",
        `${path} is the state of an evaluation of other images, another seed or version; give another report folder, or restart`,
      );
    }
    const rows = new Map<string, Row>();
    // The last line has no end when the process was killed while it wrote.
    const whole = lines.length > 1 ? lines.slice(1, -1) : [];
    for (const line of whole) {
      const row = parsed(line);
      if (row !== undefined) rows.set(keyOf(row.q, row.m), row);
    }
    try {
      const kept = [header, ...whole, ""].join("\n");
      const file = await open(path, kept === text ? "a" : "w", 0o600);
      if (kept !== text) await file.write(kept);
      return new State(rows, path, file);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Keeps a row, and writes it soon: an image and its look-ups take far longer than a line. */
  add(row: Row): void {
    this.rows.set(keyOf(row.q, row.m), row);
    if (this.#file === undefined) return;
    this.#waiting.push(`${JSON.stringify(row)}\n`);
    // What fails here fails again in `close`, where it is heard.
    void this.flush().catch(() => {});
  }

  /** @throws {EmpreinteError} `ERR_EMPREINTE_WRITE` */
  flush(): Promise<void> {
    const text = this.#waiting.splice(0).join("");
    const before = this.#written;
    const write = async (): Promise<void> => {
      await before;
      if (text !== "") await this.#file?.appendFile(text);
    };
    this.#written = write();
    return this.#written.catch((error: unknown) => {
      throw unwritable(this.#path, error);
    });
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file?.close();
    }
  }
}

export function keyOf(query: string, method: string): string {
  return `${method}\u0000${query}`;
}

function parsed(line: string): Row | undefined {
  try {
    const row = JSON.parse(line) as Row;
    return typeof row.q === "string" && typeof row.m === "string" && Array.isArray(row.w) ? row : undefined;
  } catch {
    return undefined;
  }
}
