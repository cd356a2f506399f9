/** Returns the share of `found` in `of`, from 0 to 1. It is 0 where `of` is 0. */
export function share(found: number, of: number): number {
  return of === 0 ? 0 : found / of;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The normal quantile of 95 % on both sides. */
const z = 1.959963984540054;

/** Wilson's 95 % interval of a share (E. B. Wilson, 1927): sound for shares near 0 and 1, and few trials. */
export function wilson(found: number, of: number): [least: number, most: number] {
  if (of === 0) return [0, 1];
  const p = found / of;
  const middle = p + (z * z) / (2 * of);
  const half = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  const whole = 1 + (z * z) / of;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}

/**
 * Returns what a rate may still be, with 95 %: the rule of three where none was seen (3/n), otherwise Wilson's upper
 * end.
 */
export function upperRate(seen: number, of: number): number {
  if (of === 0) return 1;
  return seen === 0 ? Math.min(1, 3 / of) : wilson(seen, of)[1];
}

/**
 * Returns the 95 % interval of a mean over images. All attacks on one image are one observation, because they are not
 * independent.
 */
export function meanInterval(values: readonly number[]): [least: number, most: number] {
  const middle = mean(values);
  if (values.length < 2) return [0, 1];
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  const half = z * Math.sqrt(variance / values.length);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** Returns the quantile `part` (0 … 1) by the nearest rank, or null if there is no value. */
export function quantile(values: readonly number[], part: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))]!;
}

/** Groups the items by their key, in their order. */
export function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const some = groups.get(key);
    if (some === undefined) groups.set(key, [item]);
    else some.push(item);
  }
  return groups;
}
