// node docs/assets/scan.mjs           writes scan.svg: the commands below, as a terminal shows them
// node docs/assets/scan.mjs --check   says whether scan.svg is what the commands print today, but for the figures
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFfmpeg } from "empreinte/video";
import { writeImages, writeVideos } from "../../test/support/project/document-fixtures.mjs";

const commands = [
  "empreinte scan --list known.csv uploads",
  "empreinte scan --list known.csv --level standard screenshot.png",
  "empreinte scan --video-signature film.mp4 clip.mp4",
];
const image = fileURLToPath(new URL("scan.svg", import.meta.url));
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The terminal's lines: commands behind "$ ", and what they print to both streams. */
function terminalLines(folder) {
  return commands.flatMap((command) => {
    const [, ...args] = command.split(" ");
    const { stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: "utf8" });
    return [`$ ${command}`, ...`${stdout}${stderr}`.trimEnd().split("\n").map(expandTabs)];
  });
}

/** Tabs to the columns of a terminal that is eight wide. */
function expandTabs(line) {
  return [...line].reduce((out, one) => out + (one === "\t" ? " ".repeat(8 - (out.length % 8)) : one), "");
}

function svgOf(lines) {
  const [width, height] = [10 + 8.4 * Math.max(...lines.map((line) => line.length)), 44 + 20 * lines.length];
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const kind = (line) => (line.startsWith("$ ") ? "command" : line.startsWith("empreinte: ") ? "note" : "result");
  const rows = lines.map(
    (line, i) => `<text class="${kind(line)}" x="14" y="${52 + 20 * i}" xml:space="preserve">${escaped(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width + 18)} ${height + 12}">
<style>
text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.command { fill: #ffffff; font-weight: bold; } .result { fill: #a8e6b0; } .note { fill: #b8b8b8; }
</style>
<rect width="100%" height="100%" rx="8" fill="#1d1f24"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="36" cy="16" r="5" fill="#febc2e"/><circle cx="54" cy="16" r="5" fill="#28c840"/>
${rows.join("\n")}
</svg>
`;
}

// What libvips says of a damaged file differs.
const masked = (text) =>
  text
    .replace(/(as JPEG): .*?</g, "$1<")
    .replace(/\d+(?:[.,:]\d+)*/g, "#")
    .replace(/ +/g, " ");
const folder = mkdtempSync(join(tmpdir(), "empreinte-scan-"));
try {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg === undefined) throw new Error("the image shows a video too: install ffmpeg");
  await writeImages(folder);
  await writeVideos(folder, ffmpeg.path);
  const svg = svgOf(terminalLines(folder));
  if (!process.argv.includes("--check")) writeFileSync(image, svg);
  else if (masked(readFileSync(image, "utf8")) !== masked(svg)) {
    console.error("docs/assets/scan.svg is not what the commands print: run node docs/assets/scan.mjs");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
