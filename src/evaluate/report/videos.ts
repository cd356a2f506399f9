import { mean, share, upperRate, wilson } from "./metrics.js";
import type { Row } from "../run/state.js";
import type { Clips } from "../video/clips.js";
import { percent, table, escaped, count, oneIn } from "./text.js";
import type { VideoFigures, VideoReport } from "./types.js";

const falseOf = ({ f }: Row): number => f.reduce((sum, [, matches]) => sum + matches, 0);

/** Returns the figures of the clips; undefined if there is none. */
export function videoReport({
  level,
  clips,
  unreadable,
  duplicates,
  failed,
  ffmpeg,
  rows,
}: Clips): VideoReport | undefined {
  if (clips.length + unreadable.length === 0) return undefined;
  const edits = [...new Set(rows.map(({ edit }) => edit))].map(({ name, description }): VideoFigures => {
    const some = rows.filter(({ edit }) => edit.name === name).map(({ row }) => row);
    const found = some.filter(({ d }) => d !== null).length;
    return {
      name,
      description,
      n: some.length,
      match: share(found, some.length),
      interval: wilson(found, some.length),
      time: mean(some.map(({ c = 0 }) => c)),
      falseMatches: some.reduce((sum, row) => sum + falseOf(row), 0),
    };
  });
  const pairs = rows.length * Math.max(0, clips.length - 1);
  const falseMatches = rows.reduce((sum, { row }) => sum + falseOf(row), 0);
  return {
    version: ffmpeg ?? "none",
    level,
    clips: clips.length,
    unreadable,
    duplicates,
    failed,
    match: mean(edits.map(({ match }) => match)),
    edits,
    pairs,
    falseMatches,
    upper: upperRate(falseMatches, pairs),
  };
}

/** Returns the section of the page. */
export function videoSection(videos: VideoReport | undefined): string {
  if (videos === undefined) return "";
  const { level, clips, match, pairs, falseMatches, upper, edits, version } = videos;
  const problems = [...videos.unreadable, ...videos.failed].map(
    ({ name, reason }) => `<li>${escaped(name)}: ${escaped(reason)}</li>`,
  );
  return `<h2>Videos</h2>
<p>${count(clips)} videos, listed at a frame a second, edited by ffmpeg ${escaped(version)} and looked for with every frame
(<code>searchVideo</code>, ${level}): mean recall ${percent(match)}; ${count(falseMatches)} false matches in ${count(pairs)} pairs of videos, with 95 % under ${oneIn(upper)}.</p>
${problems.length === 0 ? "" : `<ul>${problems.join("")}</ul>`}
${table(
  ["edit", "n", "found", "95 %", "of its time", "false matches"],
  edits.map((edit) => [
    `<span title="${escaped(edit.description)}">${escaped(edit.name)}</span>`,
    count(edit.n),
    percent(edit.match, 0),
    `${percent(edit.interval[0], 0)}–${percent(edit.interval[1], 0)}`,
    percent(edit.time, 0),
    count(edit.falseMatches),
  ]),
)}
`;
}
