/** A hash a line, with or without metadata behind a comma: read by the core, as `readHashList` does it. */
import { native } from "../native/load.js";
import type { NativeListBatch } from "../native/binding.js";
import type { Feeder, Sink } from "./sink.js";

export class PlainReader implements Feeder {
  readonly #sink: Sink;
  // Whoever stores the entries screens them: degenerate hashes are given too.
  readonly #list: ReturnType<typeof native.createList> = native.createList(true);

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(bytes: Uint8Array): void {
    this.#give(native.listFeed(this.#list, bytes));
  }

  end(): void {
    this.#give(native.listFinish(this.#list));
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
      sink.give(
        {
          signals: [{ type: "pdq", value: bytes.toString("hex", 32 * i, 32 * i + 32) }],
          labels: [],
          cases: [],
          status: "active",
          ...(text !== "" && { fields: { metadata: text } }),
        },
        { entry: ++sink.count, line: lines[i]! },
      );
    }
    while (problem < problemLines.length) this.#problem(problemLines[problem]!, problemReasons[problem++]!);
  }

  #problem(line: number, reason: string): void {
    this.#sink.problem({ entry: ++this.#sink.count, line }, reason);
  }
}
