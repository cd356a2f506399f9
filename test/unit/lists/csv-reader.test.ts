/** Rows of a CSV with the lines on which they begin, and how long a line may be. */
import { expect, test } from "vitest";
import { CsvReader } from "../../../dist/lists/readers/csv-reader.js";

type Options = ConstructorParameters<typeof CsvReader>[1];

/** The rows that a text has, read in pieces. */
function rowsOf(pieces: readonly string[], maxEntryBytes = 1000): [line: number, ...fields: string[]][] {
  const rows: [number, ...string[]][] = [];
  const sink = { count: 0, fatal: (_: unknown, reason: string) => new Error(reason) };
  const row: Options["row"] = (fields, line) => void rows.push([line, ...fields]);
  const reader = new CsvReader(sink as never, { delimiter: ",", maxEntryBytes, row });
  for (const piece of pieces) reader.write(Buffer.from(piece));
  reader.end();
  return rows;
}

test("a row begins on the line behind all lines of the quoted fields before it", () => {
  expect(rowsOf(['a,"x\n\n\ny","\n"\nb,c\r\n\nd,e'])).toEqual([
    [1, "a", "x\n\n\ny", "\n"],
    [6, "b", "c"],
    [8, "d", "e"],
  ]);
});

test("a line may have as many bytes as the limit says, and not one more, before its end has come", () => {
  const line = (length: number): string => "x".repeat(length);
  expect(rowsOf([line(100), "\n"], 100)).toEqual([[1, line(100)]]);
  expect(() => rowsOf([line(101), "\n"], 100)).toThrow(
    "a line of more than 100 bytes; maxEntryBytes raises this limit",
  );
});
