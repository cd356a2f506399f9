import type { NumberOption } from "../table/command.js";

type NumberWithDefault = NumberOption & { readonly default: number };

/**
 * `--radius` and `--min-quality`, which every search has.
 * @param what is compared, in the plural; `group`: the heading of the options.
 */
export function nearnessOptions(
  what: { hashes: string; images: string },
  group?: string,
): { radius: NumberWithDefault; "min-quality": NumberWithDefault } {
  const common = { type: "integer", value: "N", least: 0, ...(group !== undefined && { group }) } as const;
  return {
    radius: { ...common, most: 256, default: 31, does: `Match ${what.hashes} that differ in at most N bits.` },
    "min-quality": { ...common, most: 100, default: 50, does: `Do not compare ${what.images} below this quality.` },
  };
}
