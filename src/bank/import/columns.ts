/**
 * Columns of numbers for one insertion of many rows. A column goes to SQLite as one value, because one parameter for
 * each row and column costs more than the insertion itself: as the number that all its rows have, or as 16 characters a
 * row.
 */
const cellWidth = 16;
const [space, minus, zero] = [32, 45, 48];

/** Packs a column. The numbers are integers from −1 to 999,999,999,999,999. */
export function packColumn(values: readonly number[]): number | Buffer {
  const [first = 0] = values;
  if (values.every((value) => value === first)) return first;
  const cells = Buffer.alloc(cellWidth * values.length, space);
  values.forEach((value, i) => writeNumber(cells, cellWidth * (i + 1), value));
  return cells;
}

/** Writes the decimal digits of a number before `end`. A cell of spaces is read as 0. */
function writeNumber(cells: Buffer, end: number, value: number): void {
  let at = end;
  let rest = Math.abs(value);
  while (rest > 0) {
    const tenth = Math.floor(rest / 10);
    cells[--at] = zero + rest - 10 * tenth;
    rest = tenth;
  }
  if (value < 0) cells[--at] = minus;
}

/** Returns the SQL that reads a packed column from a parameter, in a query over `json_each`. */
export function unpacked(parameter: number): string {
  const cell = `CAST(substr(?${parameter}, key * ${cellWidth} + 1, ${cellWidth}) AS INTEGER)`;
  return `iif(typeof(?${parameter}) = 'blob', ${cell}, ?${parameter})`;
}
