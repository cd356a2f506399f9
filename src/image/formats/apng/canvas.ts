/** Draws the frames of an animated PNG over each other, as the specification says. */
import type { ApngFrame } from "./frames.js";

type Samples = Uint8Array | Uint16Array;

/** The samples of one frame, rows without gaps. */
export interface DecodedFrame {
  data: Uint8Array;
  channels: number;
  depth: 8 | 16;
}

/** Returns bytes as samples of their depth. */
function samplesOf({ data, depth }: Pick<DecodedFrame, "data" | "depth">): Samples {
  if (depth === 8) return data;
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

/** A canvas of the samples that the frames have. It begins transparent and black. */
export class Canvas {
  readonly #width: number;
  readonly #channels: number;
  readonly #depth: 8 | 16;
  readonly #bytes: Uint8Array;
  readonly #samples: Samples;
  /** What is under the frame that was drawn last, where it is to be restored. */
  #under: Samples | undefined;
  #last: ApngFrame | undefined;

  constructor(width: number, height: number, { channels, depth }: DecodedFrame) {
    this.#width = width;
    this.#channels = channels;
    this.#depth = depth;
    this.#bytes = new Uint8Array((width * height * channels * depth) / 8);
    this.#samples = samplesOf({ data: this.#bytes, depth });
  }

  /** Draws a frame, and returns a copy of the canvas. */
  draw(frame: ApngFrame, decoded: DecodedFrame): Uint8Array {
    this.#dispose();
    // There is nothing to restore before the first frame.
    const disposal = this.#last === undefined && frame.disposal === "restore" ? "clear" : frame.disposal;
    if (disposal === "restore") this.#under = this.#samples.slice();
    this.#last = { ...frame, disposal };
    const samples = samplesOf(decoded);
    const row = frame.width * this.#channels;
    for (let y = 0; y < frame.height; y++) {
      const source = samples.subarray(y * row, (y + 1) * row);
      const at = this.#at(frame, y);
      if (frame.over && this.#channels % 2 === 0) this.#blend(at, source);
      else this.#samples.set(source, at);
    }
    return this.#bytes.slice();
  }

  #at(frame: ApngFrame, y: number): number {
    return ((frame.top + y) * this.#width + frame.left) * this.#channels;
  }

  #dispose(): void {
    const last = this.#last;
    if (last === undefined || last.disposal === "keep") return;
    if (last.disposal === "restore") {
      this.#samples.set(this.#under!);
      return;
    }
    for (let y = 0; y < last.height; y++) {
      const at = this.#at(last, y);
      this.#samples.fill(0, at, at + last.width * this.#channels);
    }
  }

  /** Covers pixels by alpha, which is not premultiplied. */
  #blend(start: number, source: Samples): void {
    const [to, channels] = [this.#samples, this.#channels];
    const most = 2 ** this.#depth - 1;
    const colours = channels - 1;
    for (let i = 0; i < source.length; i += channels) {
      const at = start + i;
      const alpha = source[i + colours]!;
      if (alpha === 0) continue;
      const under = to[at + colours]!;
      if (alpha === most || under === 0) {
        for (let c = 0; c < channels; c++) to[at + c] = source[i + c]!;
        continue;
      }
      const [weight, rest] = [alpha * most, (most - alpha) * under];
      const sum = weight + rest;
      for (let c = 0; c < colours; c++) {
        to[at + c] = Math.round((source[i + c]! * weight + to[at + c]! * rest) / sum);
      }
      to[at + colours] = Math.round(sum / most);
    }
  }
}
