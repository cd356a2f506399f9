import { stat } from "node:fs/promises";
import { EmpreinteError, HashIndex, type IndexStats, HashList, type LoadedList } from "../../../index.js";
import { parse, UsageError } from "../../args.js";
import { jsonPath, shownPath, textLine } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";

/** The one file that is named. */
export function onlyFile(positionals: string[]): string {
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError("Expected one FILE");
  return path;
}

const isMissing = (error: unknown): boolean =>
  error instanceof EmpreinteError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";

interface About {
  stats: IndexStats;
  /** Undefined: there are no entries beside the index, which the library alone can use. */
  lists: LoadedList[] | undefined;
}

async function about(path: string, signal: AbortSignal): Promise<About> {
  using index = await HashIndex.open(path, { verify: "later", signal });
  const stats = index.stats();
  try {
    using known = await HashList.open(path, { verify: "later", signal });
    return { stats, lists: known.lists };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { stats, lists: undefined };
  }
}

/** A writer that was killed may have left them under the name they have before their index has its own. */
async function entriesSize(path: string): Promise<number> {
  const found = await stat(`${path}.entries`).catch(() => stat(`${path}.entries.next`));
  return found.size;
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, { json: { type: "boolean" } });
  const path = onlyFile(positionals);
  const { stats, lists } = await about(path, session.signal);
  const { rows, shards, indexed, revision } = stats;
  const fileBytes = (await stat(path)).size;
  const entriesBytes = lists && (await entriesSize(path));
  if (values.json) {
    const sizes = { fileBytes, ...(entriesBytes !== undefined && { entriesBytes }) };
    await session.line(JSON.stringify({ ...jsonPath(path), rows, shards, indexed, revision, ...sizes, lists }));
    return status.nothing;
  }
  const count = (n: number): string => n.toLocaleString("en");
  const each = rows === 0 ? "" : ` (${(fileBytes / rows).toFixed(1)} a hash)`;
  const lines: [string, string][] = [
    ["entries", count(rows)],
    ["shards", count(shards)],
    ["with tables", count(indexed)],
    ["revision", count(revision)],
    ["index", `${count(fileBytes)} bytes${each}`],
    ["beside it", entriesBytes === undefined ? "no .entries file: not for scan" : `${count(entriesBytes)} bytes`],
  ];
  for (const [name, text] of lines) await session.line(`${name.padEnd(11)}  ${text}`);
  for (const [bank, { name, form, entries, problems }] of (lists ?? []).entries()) {
    const refused = problems === 0 ? "" : `, ${count(problems)} lines refused`;
    await session.line(
      `${`bank ${bank}`.padEnd(11)}  ${textLine([`${name}: ${count(entries)} entries, ${form}${refused}`], "")}`,
    );
  }
  if (lists === undefined) session.note(`${shownPath(path)}.entries is not there`);
  return status.nothing;
}
