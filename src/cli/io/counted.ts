const irregular: Readonly<Record<string, string>> = { entry: "entries", "hash of a crop": "hashes of crops" };

/** Writes a number with its noun, as in "1 entry" and "60,004 entries". */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : (irregular[noun] ?? `${noun}s`)}`;
}
