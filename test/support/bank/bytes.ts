/** What is in the files of a store, byte for byte. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { rowInIndexFile } from "../hashes.ts";

/**
 * Every file of the store's folder, whatever its name: the store, its log, the snapshot, what was left behind. Read by
 * another process: one that closes a file loses all its locks on it, and SQLite's in this process are among them.
 */
export function everyByte(of: string): Buffer {
  const names = readdirSync(of).map((name) => join(of, name));
  const { status, stdout } = spawnSync("cat", names, { maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error("the files could not be read");
  return stdout;
}

/**
 * Which of the sequences are somewhere in the bytes, in one pass over them. A sequence has at least eight bytes, and
 * its last eight tell it from most others: many texts begin alike.
 * @returns for each sequence whether it is there.
 */
export function presentIn(bytes: Buffer, sequences: readonly Buffer[]): boolean[] {
  const mixed = (from: Buffer, at: number): number =>
    from.readInt32LE(at) ^ Math.imul(from.readInt32LE(at + 4), 0x9e3779b1);
  // A bit for each three bytes that a sequence ends with, and the sequences by their last eight bytes.
  const ends = new Uint8Array(2 ** 21);
  const byEnd = new Map<number, number[]>();
  for (const [number, sequence] of sequences.entries()) {
    const three = sequence.readUIntBE(sequence.length - 3, 3);
    ends[three >>> 3]! |= 1 << (three & 7);
    const end = mixed(sequence, sequence.length - 8);
    const same = byEnd.get(end);
    if (same === undefined) byEnd.set(end, [number]);
    else same.push(number);
  }
  const present = sequences.map(() => false);
  let three = 0;
  for (let at = 0; at < bytes.length; at++) {
    three = ((three << 8) | bytes[at]!) & 0xffffff;
    if (at < 7 || (ends[three >>> 3]! & (1 << (three & 7))) === 0) continue;
    for (const number of byEnd.get(mixed(bytes, at - 7)) ?? []) {
      const sequence = sequences[number]!;
      if (present[number] || at + 1 < sequence.length) continue;
      present[number] = bytes.subarray(at + 1 - sequence.length, at + 1).equals(sequence);
    }
  }
  return present;
}

/**
 * Which of the hashes are somewhere in the folder: half a hash is enough, as bytes, as text or as an index file has it.
 */
export function lying(of: string, values: readonly string[], bytes: Buffer = everyByte(of)): string[] {
  const forms = values.map((value) => {
    const all = Buffer.from(value, "hex");
    const texts = [value.slice(0, 32), value.slice(32), all.toString("base64")].map((text) => Buffer.from(text));
    return [all.subarray(0, 16), all.subarray(16), ...texts, rowInIndexFile(value)];
  });
  const present = presentIn(bytes, forms.flat());
  const perValue = forms[0]?.length ?? 0;
  return values.filter((_, i) => present.slice(i * perValue, (i + 1) * perValue).includes(true));
}
