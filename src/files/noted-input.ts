/**
 * An image whose bytes are wanted for something else as well. Whoever reads it calls `note` once with all its bytes,
 * which are not kept and not changed. `note` returns at once and never throws.
 */
export class NotedInput extends URL {
  /** A path as it was given, for errors, or a stream. */
  readonly input: string | AsyncIterable<Uint8Array>;
  readonly note: (bytes: Uint8Array) => void;

  constructor(input: string | AsyncIterable<Uint8Array>, note: (bytes: Uint8Array) => void) {
    super("noted:input");
    this.input = input;
    this.note = note;
  }
}
