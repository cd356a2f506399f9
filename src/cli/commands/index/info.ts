import { stat } from "node:fs/promises";
import type { HashIndex, HashList } from "../../../index.js";
import { jsonPath, jsonText, shownPath, textLine } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";
import { counted } from "../../io/counted.js";

const isMissing = (error: unknown): boolean =>
  ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";

interface About {
  stats: ReturnType<HashIndex["stats"]>;
  /** Undefined where there is no file of entries: only the library can use such an index. */
  lists: HashList["lists"] | undefined;
}

async function about(path: string, signal: AbortSignal): Promise<About> {
  const { HashIndex, HashList } = await import("../../../index.js");
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

/** Returns the size of the file of entries. A writer that was killed may have left it under its first name. */
async function entriesSize(path: string): Promise<number> {
  const found = await stat(`${path}.entries`).catch(() => stat(`${path}.entries.next`));
  return found.size;
}

async function print(path: string, { stats, lists }: About, session: Session): Promise<void> {
  const { rows, shards, indexed, revision } = stats;
  const fileBytes = (await stat(path)).size;
  const count = (n: number): string => n.toLocaleString("en");
  const each = rows === 0 ? "" : ` (${(fileBytes / rows).toFixed(1)} a hash)`;
  const size = lists && `${count(await entriesSize(path))} bytes`;
  const lines: [string, string][] = [
    ["entries", count(rows)],
    ["shards", count(shards)],
    ["with tables", count(indexed)],
    ["revision", count(revision)],
    ["index", `${count(fileBytes)} bytes${each}`],
    [".entries", size ?? "no .entries file: scan cannot use the index"],
  ];
  for (const [name, text] of lines) await session.line(`${name.padEnd(11)}  ${text}`);
  for (const [tag, { name, form, entries, problems }] of (lists ?? []).entries()) {
    const refused = problems === 0 ? "" : `, ${counted(problems, "line")} refused`;
    const text = textLine([`${name}: ${counted(entries, "entry")}, ${form}${refused}`], "");
    await session.line(`${`tag ${tag}`.padEnd(11)}  ${text}`);
  }
  if (lists === undefined) session.note(`There is no ${shownPath(path)}.entries`);
}

export const command: Command = defineCommand({
  name: "index info",
  summary: "Print the contents of an index",
  description: [
    "Prints how many entries the index has, its shards, how many entries are in shards with tables, its size, and its lists. It checks only headers and lengths; `empreinte index verify` checks every byte.",
  ],
  arguments: { file: { does: "The index." } },
  options: { json: { type: "flag", does: "Print one JSON object." } },
  sections: [
    {
      title: "JSON",
      rows: [
        [
          "index",
          '{"path", "rows", "shards", "indexed", "revision", "fileBytes", "entriesBytes", "lists":[{"name", "form", "entries", "problems"}]}',
        ],
      ],
    },
  ],
  statuses: { 0: "The output was printed.", 2: "FILE or FILE.entries cannot be used." },
  examples: [{ command: "empreinte index info known.idx", does: "Print the contents of an index." }],
  async run({ arguments: { file: path }, options: { json } }, session) {
    const found = await about(path, session.signal);
    if (!json) {
      await print(path, found, session);
      return status.nothing;
    }
    const { rows, shards, indexed, revision } = found.stats;
    const fileBytes = (await stat(path)).size;
    const entriesBytes = found.lists && (await entriesSize(path));
    const sizes = { fileBytes, ...(entriesBytes !== undefined && { entriesBytes }) };
    const object = { ...jsonPath(path), rows, shards, indexed, revision, ...sizes, lists: found.lists };
    await session.line(jsonText(object));
    return status.nothing;
  },
});
