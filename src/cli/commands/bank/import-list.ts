import { createHash } from "node:crypto";
import { basename } from "node:path";
import { openFile } from "../../../files/open-file.js";
import type { BankStore, ImportCounts, ImportOptions } from "../../../doors/bank.js";
import { type ListEntry, openList, type OpenListOptions } from "../../../doors/lists.js";
import { shownPath } from "../../io/names.js";
import type { Progress } from "../../io/progress.js";
import type { Session } from "../../io/session.js";
import { Faults, listSource } from "../list/options.js";

/** The import cursor of a source after an import by this command. */
interface Cursor {
  /** Which list: its name, its size and a digest of its beginning. */
  list: string;
  /** How many of its entries have been taken. */
  taken: number;
  /** Whether the import is complete. */
  done: boolean;
  /** Where the list itself says that an import goes on: the next page, a time. */
  next?: string;
  importCursor?: string;
}

const headBytes = 65_536;

/** Tells lists apart without reading all of them: a list of 10 GB is not read twice. */
async function fingerprint(path: string): Promise<string | undefined> {
  if (path === "-") return undefined;
  const opened = await openFile(path).catch(() => undefined); // openList says why; a pipe has no fingerprint
  if (opened === undefined) return undefined;
  const { file, stat } = opened;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const digest = createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("hex").slice(0, 16);
    return `${basename(path)} ${stat.size} ${digest}`;
  } finally {
    await file.close();
  }
}

function lastTaken(store: BankStore, from: { bank: string; source: string }, list: string | undefined): number {
  try {
    const last = JSON.parse(store.importCursor(from) ?? "{}") as Partial<Cursor>;
    if (list !== undefined && last.list === list && last.done === false) return last.taken ?? 0;
  } catch {
    // A cursor of somebody else: the import begins anew.
  }
  return 0;
}

export interface ListImport {
  store: BankStore;
  from: { bank: string; source: string };
  listOptions: OpenListOptions;
  screen: Pick<ImportOptions, "minQuality" | "benign" | "benignRadius">;
  restart: boolean;
  quiet: boolean;
  session: Session;
  progress: Progress;
}

export interface ImportedList {
  counts: ImportCounts;
  /** How many entries the reader of the list or the store refused. */
  problems: number;
}

/** Imports a list, from where the last import of it stopped. */
export async function importList(path: string, given: ListImport): Promise<ImportedList> {
  const { store, from, session, progress } = given;
  const list = await fingerprint(path);
  const skip = given.restart ? 0 : lastTaken(store, from, list);
  if (skip > 0 && !given.quiet) session.note(`${shownPath(path)}: going on after ${skip.toLocaleString("en")} entries`);
  const faults = new Faults(given.quiet, session);
  const { signal } = session;
  const reading = await openList(listSource(path, session), { ...given.listOptions, onProblem: faults.add });
  let ended = false;
  async function* entries(): AsyncGenerator<ListEntry[]> {
    yield* reading.batches();
    ended = true;
  }
  const importCursor = (taken: number): string => {
    const { next, importCursor: said } = reading.page;
    const more = ended
      ? { ...(next !== undefined && { next }), ...(said !== undefined && { importCursor: said }) }
      : {};
    return JSON.stringify({ list: list ?? path, taken, done: ended, ...more } satisfies Cursor);
  };
  const counts = await store.import(from, entries(), {
    ...given.screen,
    skip,
    importCursor,
    signal,
    onProblem: (problem) => faults.add({ ...problem, list: reading.name }),
    onProgress: (_, taken) => (progress.done = taken),
  });
  faults.end();
  return { counts, problems: faults.count };
}
