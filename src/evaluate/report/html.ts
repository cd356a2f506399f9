import { blurhashImage } from "./blurhash.js";
import { distancePlot, falsePlot, familyPlot, recallPlot } from "./plots.js";
import { count, escaped, oneIn, percent, rough, table } from "./text.js";
import type { EvaluationReport, Example, MethodReport } from "./types.js";
import { videoSection } from "./videos.js";

const style = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem 1.25rem 4rem}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem}h3{font-size:1rem;margin-top:1.5rem}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #8886;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
th{border-bottom:2px solid}
svg{width:100%;height:auto;max-width:760px;display:block;margin:.5rem 0}
svg text{font:12px system-ui,sans-serif;fill:currentColor}
.wide{overflow-x:auto}
.few{display:flex;flex-wrap:wrap;gap:.75rem}
figure{margin:0;width:11rem;font-size:.75rem;overflow-wrap:anywhere}
figure img{width:5.25rem;height:4rem;border:1px solid #8888}
@media print{body{max-width:none}h2{break-after:avoid}svg,figure{break-inside:avoid}}
`;

function overview({ methods }: EvaluationReport): string {
  const radii = Object.keys(methods[0]!.recall.at);
  return table(
    [
      "method",
      "match",
      "95 %",
      "match or review",
      ...radii.map((radius) => `≤ ${radius}`),
      "false matches",
      "hashes",
      "median ms",
    ],
    methods.map(({ name, recall, falseMatches, cost }) => [
      escaped(name),
      `<strong>${percent(recall.match)}</strong>`,
      `${percent(recall.interval[0])} – ${percent(recall.interval[1])}`,
      percent(recall.found),
      ...Object.values(recall.at).map((value) => percent(value)),
      `${count(falseMatches.matches)} of ${count(falseMatches.pairs)} pairs`,
      cost.hashes.toFixed(1),
      cost.milliseconds.toFixed(1),
    ]),
  );
}

function images({ images: all, seed, versions }: EvaluationReport): string {
  const generated = Object.entries(all.generated).map(([kind, n]) => `${count(n)} ${kind}`);
  const named = (title: string, items: readonly string[]): string =>
    items.length === 0
      ? ""
      : `<details><summary>${title}: ${count(items.length)}</summary><ul>${items.map((item) => `<li>${escaped(item)}</li>`).join("")}</ul></details>`;
  return [
    `<p>${count(all.originals)} originals, ${count(all.unrelated)} unrelated images; generated: ${escaped(generated.join(", "))}.`,
    ` Seed ${seed}. ${escaped(
      Object.entries(versions)
        .map(([name, value]) => `${name} ${value}`)
        .join(", "),
    )}.</p>`,
    named(
      "Could not be read",
      all.unreadable.map(({ name, reason }) => `${name}: ${reason}`),
    ),
    named(
      "Equal byte for byte to another, left out",
      all.duplicates.map(({ name, of }) => `${name} = ${of}`),
    ),
    named(
      "Within the radius of another, taken as the same image",
      all.same.map(({ name, of, distance }) => `${name} ≈ ${of} (${distance} bits)`),
    ),
    named(
      "Of too low quality to be listed",
      all.lowQuality.map(({ name, quality }) => `${name}: quality ${quality}`),
    ),
    named(
      "Altered images that could not be made",
      all.failed.map(({ name, reason }) => `${name}: ${reason}`),
    ),
    all.skipped === 0 ? "" : `<p>${count(all.skipped)} other files were skipped.</p>`,
  ].join("");
}

/** Returns one table of all attacks: match, and in brackets match or review. */
function attackTable({ methods, attacks }: EvaluationReport): string {
  return table(
    ["attack", "n", ...methods.flatMap(({ name }) => [escaped(name), "95 %", "median"])],
    attacks.map(({ name, description }) => {
      const figures = methods.map((method) => method.attacks.find((one) => one.name === name));
      return [
        `<span title="${escaped(description)}">${escaped(name)}</span>`,
        String(figures[0]?.n ?? 0),
        ...figures.flatMap((one) =>
          one === undefined
            ? ["–", "", ""]
            : [
                one.found > one.match ? `${percent(one.match, 0)} (${percent(one.found, 0)})` : percent(one.match, 0),
                `${percent(one.interval[0], 0)}–${percent(one.interval[1], 0)}`,
                one.median === null ? "far" : String(one.median),
              ],
        ),
      ];
    }),
  );
}

function falseTables({ name, falseMatches }: MethodReport): string {
  const { expected, strata, queries, falseQueries, upper } = falseMatches;
  const radii = Object.keys(strata[0]?.at ?? {});
  return [
    `<h3>${escaped(name)}</h3>`,
    `<p>${count(falseQueries)} of ${count(queries)} queries had a false match; with 95 % it is under ${oneIn(upper)}.`,
    ` Of photographs among ${count(expected.listSize)} entries, ${count(expected.queriesPerDay)} a day: `,
    `${rough(expected.perDay)} expected a day from what was seen, and under ${rough(expected.upperPerDay)} with 95 %:`,
    ` ${count(expected.pairs)} pairs were compared, and they cannot say less.</p>`,
    table(
      [
        "looked up",
        "among",
        "pairs",
        "matches",
        "for review",
        "nearest",
        ...radii.map((radius) => `≤ ${radius}`),
        "match rate under",
      ],
      strata.map((one) => [
        escaped(one.queries),
        escaped(one.listed),
        count(one.pairs),
        count(one.matches),
        count(one.reviews),
        one.nearest === null ? "none seen" : String(one.nearest),
        ...Object.values(one.at).map(count),
        oneIn(one.upper),
      ]),
    ),
  ].join("");
}

function viewTables({ name, views, stages, strata }: MethodReport, first: string): string {
  return [
    `<h3>${escaped(name)}</h3>`,
    table(
      ["view", "found", `of these not by ${escaped(first)}`, "median distance"],
      views.map((one) => [escaped(one.name), count(one.found), count(one.added), String(one.medianDistance ?? "")]),
    ),
    stages.length === 0
      ? ""
      : table(
          ["stage of a search", "hashes a query", "ms a query"],
          stages.map((one) => [escaped(one.name), one.hashes.toFixed(2), one.milliseconds.toFixed(2)]),
        ),
    table(
      ["originals by", "", "originals", "match", "match or review"],
      strata.map((one) => [
        escaped(one.by),
        escaped(one.name),
        count(one.originals),
        percent(one.match),
        percent(one.found),
      ]),
    ),
  ].join("");
}

async function shown({ kind, query, image, distance, blurhashes }: Example): Promise<string> {
  const images = await Promise.all(
    blurhashes.map(async (hash) => {
      if (hash === null) return "";
      const png = Buffer.from(await blurhashImage(hash)).toString("base64");
      return `<img alt="" src="data:image/png;base64,${png}">`;
    }),
  );
  const far = distance === null ? "" : `, ${distance} bits`;
  return `<figure>${images.join(" ")}<figcaption>${kind}${far}: ${escaped(query)}${kind === "miss" ? "" : ` as ${escaped(image)}`}</figcaption></figure>`;
}

/** Returns the report as one page that needs nothing else: no script, no network. */
export async function htmlOf(report: EvaluationReport): Promise<string> {
  const { methods, examples } = report;
  const first = methods[0]!.name;
  const figures = await Promise.all(examples.map(shown));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>empreinte: evaluation</title>
<style>${style}</style>
<h1>How well altered copies are found</h1>
${overview(report)}
<p>Recall is the mean over ${report.attacks.length} attacks, each of the same weight; its interval counts each original once. A match
is what a machine may act on. A person should look at reviews. “≤ 31” is the share with the right image
within 31 bits. Times are of this run, in which several queries went on at once.</p>
${images(report)}
<h2>By family</h2>
${familyPlot(report)}
<h2>By attack</h2>
<p>Match, with 95 % intervals (Wilson’s); in brackets match or review; the median distance to the right image.</p>
${attackTable(report)}
<h2>Recall and radius</h2>
${recallPlot(report)}
<h2>Recall and false matches</h2>
<p>An open ring is where no wrong image was seen. There the rate is below three divided by the number of queries (95 %).</p>
${falsePlot(report)}
${methods.map(falseTables).join("\n")}
<h2>Distances</h2>
${methods.map((method) => `<h3>${escaped(method.name)}</h3>${distancePlot(method, report.images.pairDistances)}`).join("\n")}
<h2>What found them</h2>
${methods.map((method) => viewTables(method, first)).join("\n")}
${videoSection(report.videos)}<h2>False matches and misses of ${escaped(methods.at(-1)!.name)}</h2>
<p>The query and the listed image, as blurhashes of 4 × 3 waves: enough to recognize which is which, and no more.</p>
<div class="few">${figures.join("\n")}</div>
</html>
`;
}
