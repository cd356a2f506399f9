import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { BankStore, BenignPicture, ImportCounts } from "../../../doors/bank.js";
import type { ListEntry } from "../../../doors/lists.js";
import { openList, type OpenListOptions } from "../../../doors/lists.js";
import { number, parse, UsageError } from "../../args.js";
import { benignOf } from "./benign.js";
import { actorOption, fileAnd, orNoted, sourceOptions, withStore } from "./store.js";
import { Faults, listOptions, listSource, openOptions } from "../list/options.js";
import { shownPath } from "../../io/names.js";
import { Progress } from "../../io/progress.js";
import { type Session, status } from "../../io/session.js";

const options = {
  ...sourceOptions,
  ...actorOption,
  ...listOptions,
  benign: { type: "string", multiple: true },
  "benign-radius": { type: "string" },
  "min-quality": { type: "string" },
  restart: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** What a source's checkpoint says after an import by this command. */
interface Checkpoint {
  /** Which list: its name, its size and a digest of its beginning. */
  list: string;
  /** How many of its entries have been taken. */
  taken: number;
  /** Whether that was all. */
  done: boolean;
  /** What the list says to go on from, where it says so: the next page, a time. */
  next?: string;
  checkpoint?: string;
}

const headBytes = 65_536;

/** Told apart without reading the whole of it: a list of 10 GB is not read twice. */
async function fingerprint(path: string): Promise<string | undefined> {
  if (path === "-") return undefined;
  const file = await open(path, "r").catch(() => undefined); // openList says why
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const digest = createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("hex").slice(0, 16);
    return `${basename(path)} ${size} ${digest}`;
  } finally {
    await file.close();
  }
}

function lastTaken(store: BankStore, from: { bank: string; source: string }, list: string | undefined): number {
  try {
    const last = JSON.parse(store.importCursor(from) ?? "{}") as Partial<Checkpoint>;
    if (list !== undefined && last.list === list && last.done === false) return last.taken ?? 0;
  } catch {
    // Somebody else's checkpoint: nothing to go on from.
  }
  return 0;
}

interface Import {
  store: BankStore;
  from: { bank: string; source: string };
  listOptions: OpenListOptions;
  screen: { minQuality?: number; benign?: BenignPicture[]; benignRadius?: number };
  restart: boolean;
  quiet: boolean;
  session: Session;
  progress: Progress;
}

interface Done {
  counts: ImportCounts;
  /** Of the list and of the store's checks. */
  problems: number;
}

async function importList(path: string, given: Import): Promise<Done> {
  const { store, from, session, progress } = given;
  const list = await fingerprint(path);
  const skip = given.restart ? 0 : lastTaken(store, from, list);
  if (skip > 0 && !given.quiet)
    session.note(`${shownPath(path)}: going on behind ${skip.toLocaleString("en")} entries`);
  const faults = new Faults(given.quiet, session);
  const { signal } = session;
  const reading = await openList(listSource(path), { ...given.listOptions, onProblem: faults.add });
  /** What the store has been given last, and how many entries before it. */
  let items: readonly ListEntry[] = [];
  let before = 0;
  let ended = false;
  async function* entries(): AsyncGenerator<ListEntry[]> {
    for await (const some of reading.batches()) {
      before += items.length;
      items = some;
      yield some;
    }
    ended = true;
  }
  const checkpoint = (taken: number): string => {
    const { next, importCursor: said } = reading.page;
    const more = ended ? { ...(next !== undefined && { next }), ...(said !== undefined && { checkpoint: said }) } : {};
    return JSON.stringify({ list: list ?? path, taken, done: ended, ...more } satisfies Checkpoint);
  };
  const counts = await store.import(from, entries(), {
    ...given.screen,
    skip,
    checkpoint,
    signal,
    onProblem: ({ position, reason }) => {
      const at = items[position - 1 - before]?.position ?? { entry: position };
      faults.add({ ...at, list: reading.name, skipped: true, code: "bad-entry", reason });
    },
    onProgress: (_, taken) => (progress.done = taken),
  });
  faults.end();
  return { counts, problems: faults.count };
}

const countNames: Record<string, string> = { derivedLeftOut: "derived hashes left out" };
const summary = (counts: ImportCounts): string =>
  Object.entries(counts)
    .filter(([name, count]) => count > 0 || name === "added")
    .map(([name, count]) => `${(count as number).toLocaleString("en")} ${countNames[name] ?? name}`)
    .join(", ");

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [file, ...lists] = fileAnd(positionals, "at least one LIST");
  const { bank, source, benign = [], quiet = false } = values;
  if (bank === undefined || source === undefined) throw new UsageError("Expected --bank and --source");
  const minQuality = number("min-quality", values["min-quality"], { least: 0, most: 100 });
  const benignRadius = number("benign-radius", values["benign-radius"], { least: 0, most: 256 });
  const sample = benign.length > 0 ? await benignOf(benign, session) : undefined;
  return withStore(
    file,
    async (store) => {
      let trouble = false;
      for (const path of lists) {
        const progress = new Progress(session, quiet, "entries");
        const given: Import = {
          store,
          from: { bank, source },
          listOptions: openOptions(path, values, session),
          screen: {
            ...(minQuality !== undefined && { minQuality }),
            ...(benignRadius !== undefined && { benignRadius }),
            ...(sample && { benign: sample }),
          },
          restart: values.restart === true,
          quiet,
          session,
          progress,
        };
        try {
          const done = await orNoted(session, async () => {
            const { counts, problems } = await importList(path, given);
            progress.stop();
            trouble ||= problems > 0;
            if (values.json) await session.line(JSON.stringify({ list: path, ...counts, problems }));
            else await session.line(`${shownPath(path)}: ${summary({ ...counts, problems })}`);
          });
          trouble ||= !done;
        } catch (error) {
          if (!session.signal.aborted) throw error;
          if (!quiet) {
            session.note(
              `${shownPath(path)}: stopped behind ${progress.done.toLocaleString("en")} entries; the same command goes on from there`,
            );
          }
          return status.interrupted;
        } finally {
          progress.stop();
        }
      }
      return trouble ? status.trouble : status.nothing;
    },
    values,
  );
}
