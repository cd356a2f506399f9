/**
 * Checks that a file is a store, and nothing but a store. A file from elsewhere could have triggers that keep withdrawn
 * values, views in place of tables, or counters that make a loop endless. So its schema must be exactly the one that
 * this version makes, and its counters must agree with its tables. Ranges of signals and entries are checked where they
 * are used.
 */
import { BankError, printable } from "../../errors.js";
import type { BlobTable } from "./blob-pages.js";
import { type Database, rowsInMemory } from "./database.js";
import { pageRecords } from "./pages.js";
import { application, counter, tables, version } from "./schema.js";
import { textBytes } from "./texts.js";

/** A table, index, trigger or view, as SQLite keeps it. */
type SchemaRow = [type: string, name: string, table: string, sql: string | null];
const schemaRows = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";

/** A signal's record has revisions and entries in 32 bits. */
const mostCounted = 2 ** 32 - 1;

let expected: ReadonlySet<string> | undefined;

/** Refuses a file that is not a store of this version. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` */
export function checkFile(database: Database): void {
  database.reading(() => {
    checkVersion(database);
    checkSchema(database);
    checkMeta(database);
  });
}

const refusal = (database: Database, text: string): BankError =>
  new BankError("ERR_EMPREINTE_BANK_FILE", `${printable(database.path)} ${text}`);

function checkVersion(database: Database): void {
  const [id] = database.get<[number]>("PRAGMA application_id")!;
  const [found] = database.get<[number]>("PRAGMA user_version")!;
  if (id !== application || found < 1) throw refusal(database, "is not a bank store");
  if (found > version) {
    throw refusal(database, `was made by a newer version of empreinte (store version ${found})`);
  }
  if (found < version) {
    const text = `has store version ${found}, but this version of empreinte reads ${version}: import its lists again`;
    throw refusal(database, text);
  }
}

function checkSchema(database: Database): void {
  expected ??= new Set(rowsInMemory<SchemaRow>(tables, schemaRows).map((row) => JSON.stringify(row)));
  const found = database.all<SchemaRow>(schemaRows);
  for (const row of found) {
    if (expected.has(JSON.stringify(row))) continue;
    const name = printable(`${row[0]} ${row[1]}`.slice(0, 80));
    throw refusal(database, `is not a bank store of this version: its ${name} was added or changed`);
  }
  if (found.length !== expected.size)
    throw refusal(database, "is not a bank store of this version: a table is missing");
  const [trees, roots] = database.get<[number, number]>(
    "SELECT count(rootpage), count(DISTINCT rootpage) FROM sqlite_schema WHERE rootpage > 0",
  )!;
  if (trees !== roots) throw refusal(database, "is damaged: two of its tables are one");
}

/** The names in `meta`, each with the type of its value and the length of a blob in bytes. */
const metaTypes = new Map<string, [type: string, length: number]>([
  ["revision", ["number", 0]],
  ["entries", ["number", 0]],
  ["signals", ["number", 0]],
  ["texts", ["number", 0]],
  ["stills", ["number", 0]],
  ["audit days", ["number", 0]],
  ["audit from", ["number", 0]],
  ["secret", ["blob", 32]],
  ["index file", ["blob", 80]],
  ["replica", ["number", 0]],
]);
const optionalNames = ["index file", "replica"];

function checkMeta(database: Database): void {
  // SQLite knows the length of a blob without reading it.
  const rows = database.all<[string, string, number]>(
    `SELECT name, CASE WHEN typeof(value) IN ('integer', 'real') THEN 'number' ELSE typeof(value) END,
       CASE typeof(value) WHEN 'blob' THEN length(value) ELSE 0 END
     FROM meta LIMIT ${metaTypes.size + 1}`,
  );
  const isRight = ([name, type, length]: [string, string, number]): boolean => {
    const [wanted, right] = metaTypes.get(name) ?? ["", 0];
    return type === wanted && length === right;
  };
  const required = rows.filter(([name]) => !optionalNames.includes(name)).length;
  if (!rows.every(isRight) || required !== metaTypes.size - optionalNames.length) {
    throw refusal(database, "is damaged: its counters or its secret are not what they should be");
  }
  const isCounted = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= mostCounted;
  const names = ["revision", "entries", "signals", "texts", "stills"] as const;
  const [revision, entries, signals, texts, stills] = names.map((name) => counter(database, name)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const pages = (table: BlobTable): number =>
    database.get<[number]>(`SELECT coalesce(max(id), -1) + 1 FROM ${table}`)![0];
  const [lastEntry] = database.get<[number]>("SELECT coalesce(max(id), 0) FROM entry")!;
  const [lastRevision] = database.get<[number]>("SELECT coalesce(max(revision), 0) FROM revision_time")!;
  if (
    !isCounted(revision) ||
    !isCounted(entries) ||
    !Number.isSafeInteger(signals) ||
    Math.ceil(signals / pageRecords) !== pages("signal_page") ||
    !Number.isSafeInteger(texts) ||
    Math.ceil(texts / textBytes) !== pages("text_page") ||
    !isCounted(stills) ||
    stills > signals ||
    lastEntry >= entries ||
    lastRevision !== revision
  ) {
    throw refusal(database, "is damaged: its counters do not agree with its tables");
  }
}
