/**
 * Generates small images by exact integer arithmetic, so that the self-test needs no file. The generators are those of
 * fixtures/kat/inputs.mjs, whose known answers come from the reference.
 */
import type { RawPixels } from "../hash/raw-pixels.js";

type Sample = (x: number, y: number) => number;
type Plane = (width: number, height: number) => Sample;

/** Returns a generator of unsigned 32-bit numbers from a seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** round(16384·cos) for each 1/1024 of a turn. No value is near a tie, so every libm gives the same integers. */
const cosine = Int32Array.from({ length: 1024 }, (_, k) => Math.round(16_384 * Math.cos((2 * Math.PI * k) / 1024)));

/** Returns the sum of `count` plane waves of low frequency. The amplitude falls with the frequency. */
function waveSum(width: number, height: number, count: number, next: () => number): Sample {
  const waves = Array.from({ length: count }, () => {
    const [fx, fy, phase] = [next() % 9, (next() % 9) - 4, next() % 1024];
    return { fx, fy, phase, amplitude: Math.floor(96 / (1 + fx + Math.abs(fy))) };
  });
  return (x, y) =>
    waves.reduce((sum, { fx, fy, phase, amplitude }) => {
      const turn = Math.floor((fx * x * 1024) / width) + Math.floor((fy * y * 1024) / height) + phase;
      return sum + amplitude * cosine[turn & 1023]!;
    }, 0);
}

const clamp = (value: number): number => Math.max(0, Math.min(255, value));

/** Makes a plane of random samples. */
export function noise(seed: number): Plane {
  return () => {
    const next = numbers(seed);
    return () => next() >>> 24;
  };
}

/** The samples go from black at the left to white at the right, so every coefficient is rounding noise. */
export function ramp(): Plane {
  return (width) => (x) => Math.floor((x * 255) / (width - 1));
}

/** The samples are waves with a spectrum like that of a photograph, and noise of that amplitude. */
export function waves(seed: number, count: number, amplitude = 0): Plane {
  return (width, height) => {
    const next = numbers(seed);
    const sum = waveSum(width, height, count, next);
    return (x, y) => {
      const grain = amplitude === 0 ? 0 : (next() % (2 * amplitude + 1)) - amplitude;
      return clamp(128 + Math.floor(sum(x, y) / 16_384) + grain);
    };
  };
}

/** A gradient from top to bottom has `count` rectangles on it, and waves and noise over everything. */
export function scene(seed: number, count = 12): Plane {
  return (width, height) => {
    const next = numbers(seed);
    const rectangles = Array.from({ length: count }, () => {
      const [left, top] = [next() % width, next() % height];
      const right = left + 1 + (next() % (1 + Math.floor(width / 3)));
      const bottom = top + 1 + (next() % (1 + Math.floor(height / 3)));
      return { left, top, right, bottom, value: next() >>> 24 };
    });
    const sum = waveSum(width, height, 6, next);
    return (x, y) => {
      const on = rectangles.findLast((r) => x >= r.left && x < r.right && y >= r.top && y < r.bottom);
      const base = on ? on.value : 210 - Math.floor((y * 150) / (height - 1));
      return clamp(base + Math.floor(sum(x, y) / 65_536) + (next() % 7) - 3);
    };
  };
}

/** Draws one plane (grey) or three (red, green, blue), row by row, and interleaves their samples. */
export function draw(width: number, height: number, planes: Plane[]): RawPixels & { data: Uint8Array } {
  const channels = planes.length as 1 | 3;
  const data = new Uint8Array(width * height * channels);
  planes.forEach((plane, channel) => {
    const sample = plane(width, height);
    for (let i = 0; i < width * height; i++) data[i * channels + channel] = sample(i % width, Math.floor(i / width));
  });
  return { data, width, height, channels };
}
