import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { EmpreinteError, unwritable } from "../../errors.js";
import { readWholeFile } from "../../files/read-file.js";

/** The answer of one method to one query. The names are short because the state file has a line for each answer. */
export interface Row {
  /** The name of the query. */
  q: string;
  /** The name and version of the method. */
  m: string;
  /** The distance to the nearest entry of the original, or null if the method gave none. */
  d: number | null;
  /** The tier of that entry, where the method decides it. */
  t?: "match" | "review";
  /** The view or orientation that found it. */
  v?: string;
  /** It is 0 when the method refused the query. */
  u: 0 | 1;
  /** How many entries of other images are within 100 bits: stratum, distance, count. */
  w: [number, number, number][];
  /** The nearest entry of another image: its position, distance and tier. */
  n?: [number, number, ("match" | "review")?];
  /** How many entries of other images are a match or for review: stratum, matches, reviews. */
  f: [number, number, number][];
  /** The share of a clip's time that was found. */
  c?: number;
  /** How many hashes were searched for. */
  h: number;
  /** The time in milliseconds. */
  ms: number;
  /** The name, hashes and milliseconds of each stage. */
  s?: [string, number, number][];
}

const fileName = "state.jsonl";
/** Bytes of the longest state that is continued. A row has some 200. */
const mostBytes = 2 ** 29 - 2 ** 20;

/**
 * The answers so far, one line for each. An interrupted run continues from it. The header decides which evaluation the
 * rows belong to; a file with another header is left alone unless `restart` is set.
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
   * @param folder The folder of the report, which is made. Undefined keeps no state.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE` when the file cannot be written, or belongs to another evaluation.
   */
  static async open(folder: string | undefined, header: string, restart: boolean): Promise<State> {
    if (folder === undefined) return new State(new Map(), "", undefined);
    const path = join(folder, fileName);
    let text = "";
    try {
      await mkdir(folder, { recursive: true });
      // What is there may also be no file, which opening would wait for.
      if (restart) await rm(path, { force: true });
    } catch (error) {
      throw unwritable(folder, error);
    }
    try {
      if (!restart) text = (await readWholeFile(path, mostBytes)).toString("utf8");
    } catch (error) {
      const { cause } = error as EmpreinteError;
      if ((cause as NodeJS.ErrnoException | undefined)?.code !== "ENOENT") throw unwritable(path, cause ?? error);
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

  /** Keeps a row, and writes it soon: searching for an image takes far longer than writing a line. */
  add(row: Row): void {
    this.rows.set(keyOf(row.q, row.m), row);
    if (this.#file === undefined) return;
    this.#waiting.push(`${JSON.stringify(row)}\n`);
    // A failure here happens again in `close`, which reports it.
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
