/** A hash a line, with or without metadata behind a comma: read by the core, as `readHashList` does it. */
import { native } from "../../native/load.js";
import type { NativeListBatch } from "../../native/binding.js";
import { derivedMetadata, isPartName, mostDerived, splitDerived } from "../derived.js";
import type { ListedEntry, ListedSignal, ListItem } from "../entry.js";
import { type EntryWriter, type LeftOut, leaveOut, leaveOutFields, leaveOutSignals, writable } from "../writer.js";
import type { Feeder, Sink } from "../sink.js";

export class PlainReader implements Feeder {
  readonly #sink: Sink;
  // Whoever stores the entries screens them: degenerate hashes are given too.
  readonly #list: ReturnType<typeof native.createList> = native.createList(true);
  /** The last entry: derived lines may follow it. */
  #last: ListItem | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(bytes: Uint8Array): void {
    this.#give(native.listFeed(this.#list, bytes));
  }

  end(): void {
    this.#give(native.listFinish(this.#list));
    this.#giveLast();
  }

  #giveLast(): void {
    if (this.#last !== undefined) this.#sink.give(this.#last.entry, this.#last.position);
    this.#last = undefined;
  }

  /** Of a sorted list, say, the line before is another picture's: where the metadata is not the same, nothing is guessed. */
  #derived({ of, name }: { of: string; name: string }, value: string, line: number): void {
    const last = this.#last?.entry;
    const metadata = last?.fields?.["metadata"] ?? "";
    if (last === undefined || metadata !== of || last.signals.length > mostDerived) {
      const reason = `marked as derived, without its picture's own line and at most ${mostDerived - 1} like it before it`;
      this.#sink.problem({ entry: ++this.#sink.count, line }, reason);
    } else last.signals.push({ type: "pdq", value, crop: name });
  }

  #give({ hashes, metadata, ends, lines, problemLines, problemReasons }: NativeListBatch): void {
    const sink = this.#sink;
    const bytes = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    const texts = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
    let from = 0;
    let problem = 0;
    for (let i = 0; i < ends.length; i++) {
      // Problems and entries in the order of their lines.
      while (problem < problemLines.length && problemLines[problem]! < lines[i]!)
        this.#problem(problemLines[problem]!, problemReasons[problem++]!);
      const text = texts.toString("utf8", from, ends[i]);
      from = ends[i]!;
      const value = bytes.toString("hex", 32 * i, 32 * i + 32);
      const derived = splitDerived(text);
      if (derived !== undefined) {
        this.#derived(derived, value, lines[i]!);
        continue;
      }
      this.#giveLast();
      const entry: ListedEntry = { signals: [{ type: "pdq", value }], labels: [], cases: [], status: "active" };
      if (text !== "") entry.fields = { metadata: text };
      this.#last = { entry, position: { entry: ++sink.count, line: lines[i]! } };
    }
    while (problem < problemLines.length) this.#problem(problemLines[problem]!, problemReasons[problem++]!);
  }

  /** The line may have been a picture's own: what is derived of it must not go to the one before. */
  #problem(line: number, reason: string): void {
    this.#giveLast();
    this.#sink.problem({ entry: ++this.#sink.count, line }, reason);
  }
}

/** Of metadata the core's reader takes white space and the quotes around all of it away. */
export function metadataCell(text: string): string {
  return /^[\s"]|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The core's reader refuses a longer line. */
const mostMetadata = 60_000;

/** A line a PDQ hash. What else is known of it stands in the metadata as text, for people. */
export class PlainWriter implements EntryWriter {
  begin(): string {
    return "";
  }

  entry(entry: ListedEntry, lost: LeftOut): string {
    if (!writable(entry, lost)) return "";
    const hashes = entry.signals.filter(({ type }) => type === "pdq");
    const marked = markable(hashes);
    if (hashes.some(({ crop }, i) => crop !== undefined && !marked[i])) lost("derived");
    leaveOutSignals(entry, lost, ["pdq"], marked.filter((is) => !is).length);
    leaveOut(entry, lost, ["id", "labels", "cases", "time", "media", "quality", "others"]);
    leaveOutFields(entry, lost, ["metadata"]);
    const metadata = entry.fields?.["metadata"];
    let text = typeof metadata === "string" ? metadata : described(entry);
    if (/[\r\n\0]/.test(text) || Buffer.byteLength(text) > mostMetadata) {
      lost("fields.metadata");
      text = text
        .replace(/[\r\n\0]+/g, " ")
        .trim()
        .slice(0, mostMetadata / 4);
    }
    if (splitDerived(text) !== undefined) {
      lost("fields.metadata");
      text += ";";
    }
    const lines = hashes.map(({ value, crop }, i) => {
      const behind = marked[i] === true ? derivedMetadata(text, crop!) : text;
      return `${value}${behind === "" ? "" : `,${metadataCell(behind)}`}\n`;
    });
    return lines.join("");
  }

  end(): string {
    return "";
  }
}

/** Which of these are written as derived of the last before them that is not: as a reader takes them. */
function markable(hashes: readonly ListedSignal[]): boolean[] {
  /** Lines since that one, itself among them; 0: there is none. */
  let since = 0;
  return hashes.map(({ crop }) => {
    if (crop === undefined) since = 1;
    else if (since > 0 && since <= mostDerived && isPartName(crop)) {
      since++;
      return true;
    } else since = 0;
    return false;
  });
}

/** "id=42/image1; labels=ncmec:A1; cases=2026-4" */
function described({ id, labels, cases }: ListedEntry): string {
  const parts = [
    id === undefined ? "" : `id=${id}`,
    labels.length === 0 ? "" : `labels=${labels.map(({ scheme, code }) => `${scheme}:${code}`).join(" ")}`,
    cases.length === 0 ? "" : `cases=${cases.join(" ")}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}
