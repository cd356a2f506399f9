import type { EvaluationReport } from "./types.js";

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * Returns a line for each method and attack, and for each video edit; shares as decimals. The radii are those of the
 * first method.
 */
export function csvOf({ methods, videos }: EvaluationReport): string {
  const at = (i: number): string => `within_${Object.keys(methods[0]?.recall.at ?? {})[i] ?? i}`;
  const head = [
    "method",
    "attack",
    "family",
    "n",
    "match",
    "match_least",
    "match_most",
    "match_or_review",
    ...[0, 1, 2, 3].map(at),
    "median_distance",
    "p90_distance",
    "refused",
    "false_matches",
    "hashes",
    "milliseconds",
  ];
  const rows = methods.flatMap((method) =>
    method.attacks.map((attack) => {
      const within = Object.values(attack.at).map((value) => value.toFixed(4));
      return [
        method.name,
        attack.name,
        attack.family,
        attack.n,
        attack.match.toFixed(4),
        attack.interval[0].toFixed(4),
        attack.interval[1].toFixed(4),
        attack.found.toFixed(4),
        ...Array.from({ length: 4 }, (_, i) => within[i] ?? ""),
        attack.median ?? "",
        attack.p90 ?? "",
        attack.refused.toFixed(4),
        attack.falseMatches,
        attack.hashes.toFixed(2),
        attack.milliseconds.toFixed(3),
      ];
    }),
  );
  const clips = (videos?.edits ?? []).map(({ name, n, match, interval, falseMatches }) => {
    const shares = [match, ...interval, match].map((value) => value.toFixed(4));
    return ["video", name, "video", n, ...shares, "", "", "", "", "", "", "", falseMatches, "", ""];
  });
  return [head, ...rows, ...clips].map((row) => `${row.map((cell) => quoted(String(cell))).join(",")}\n`).join("");
}
