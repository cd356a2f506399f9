import type { SignatureFrame, VideoSignature } from "../../../dist/doors/video.js";

/** mulberry32: numbers in [0, 1). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A film as a function from time to hash: scenes of some seconds, in each of which bits flip one after the other. */
export class Film {
  readonly seconds: number;
  readonly #scenes: { from: number; first: Uint8Array; order: number[]; bits: number }[] = [];

  constructor(seed: number, seconds: number) {
    this.seconds = seconds;
    const random = randomOf(seed);
    for (let at = 0; at < seconds; at += 1.5 + 4 * random()) {
      const first = Uint8Array.from({ length: 32 }, () => Math.floor(256 * random()));
      const order = Array.from({ length: 256 }, (_, bit) => ({ bit, key: random() }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ bit }) => bit);
      this.#scenes.push({ from: at, first, order, bits: [0, 10, 40][Math.floor(3 * random())]! });
    }
  }

  at(time: number): Uint8Array {
    const scene = this.#scenes.findLast(({ from }) => from <= time) ?? this.#scenes[0]!;
    const hash = scene.first.slice();
    const flipped = Math.min(200, Math.max(0, Math.floor((time - scene.from) * scene.bits)));
    for (const bit of scene.order.slice(0, flipped)) hash[bit >> 3]! ^= 1 << (bit & 7);
    return hash;
  }
}

/** A stretch of a film: where it begins there, how long it is shown, film seconds a shown second. */
export interface Piece {
  film: Film;
  from: number;
  seconds: number;
  speed?: number;
}

/** The signature of the pieces one after the other, `fps` frames a second, each hash `noise` bits off. */
export function shown(pieces: readonly Piece[], fps: number, noise = 0, seed = 1): VideoSignature {
  const random = randomOf(seed);
  const frames: SignatureFrame[] = [];
  let start = 0;
  for (const { film, from, seconds, speed = 1 } of pieces) {
    for (let number = Math.ceil(start * fps); number / fps < start + seconds - 1e-9; number++) {
      const time = number / fps;
      const hash = film.at(from + (time - start) * speed);
      for (let i = 0; i < noise; i++) hash[Math.floor(32 * random())]! ^= 1 << Math.floor(8 * random());
      const times = { timestampSeconds: time, lastTimestampSeconds: time };
      frames.push({ number, ...times, hash: hex(hash), quality: 100, stable: true });
    }
    start += seconds;
  }
  return {
    sampling: fps <= 2 ? { fps } : "all",
    frames,
    durationSeconds: start,
    frameRate: Math.max(fps, 25),
    width: 640,
    height: 360,
    frameCount: frames.length,
    partial: false,
  };
}
