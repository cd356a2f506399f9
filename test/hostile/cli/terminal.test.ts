/**
 * Text from elsewhere that a terminal would obey: escape sequences, C1 controls and characters that turn names round.
 */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { empreinteProcess, folder, jsonLines, known, makeImage } from "../../support/cli.ts";

const here = folder();
const scene = known("scenergb-65x63");
const image = await makeImage(scene.id, join(here, "scene.png"));
const windows = process.platform === "win32";

/** Sets a window's title by ESC, another by C1, and shows "gpj.exe" as "exe.jpg". */
const odd = "\u001b]0;owned\u0007\u009d0;owned\u009c\u202egpj.\u2066exe";

/** What no output may have. Tabs and line ends separate fields and records. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

async function run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await empreinteProcess(args, { env: { ...process.env, ...env } });
  expect(stdout + stderr).not.toMatch(obeyed);
  return stdout + stderr;
}

describe("a message does not repeat control characters", () => {
  it.each<[string, string[]]>([
    ["of a command", [odd]],
    ["of an option", ["hash", `--${odd}`, image]],
    ["of a level", ["scan", "--level", odd, "--list", image, image]],
    ["of a number", ["hash", "--max-pixels", odd, image]],
    ["of a format", ["list", "convert", "--to", odd, image]],
    ["of a column", ["scan", "--column", odd, "--list", image, image]],
    ["of an index", ["index", "verify", join(here, odd)]],
    ["of an index that is searched", ["scan", "--index", join(here, odd), image]],
    ["of a folder of originals", ["evaluate", join(here, odd)]],
    ["of a bank", ["bank", "info", join(here, odd)]],
    ["of an image", ["hash", join(here, odd)]],
    ["of a video", ["video", "match", join(here, odd), image]],
  ])("%s", async (_, args) => {
    expect(await run(args)).not.toBe("");
  });

  it("of a kernel in the environment", async () => {
    expect(await run(["hash", image], { EMPREINTE_KERNEL: odd })).toContain("EMPREINTE_KERNEL");
  });

  it("of a signal type in a list", async () => {
    const list = join(here, "signals.csv");
    writeFileSync(list, `signal_type,signal_str\n"${odd}",${scene.hash}\n`);
    const said = await run(["scan", "--list", list, image]);
    expect(said).toContain("]0;owned");
    const bank = join(here, "some.bank");
    await run(["bank", "create", bank, "--bank", "known"]);
    expect(await run(["bank", "import", bank, "--bank", "known", "--source", "one", list])).not.toBe("");
    await run(["bank", "export", bank, "--bank", "known", "--to", "json"]);
  });

  it("of a key in a video's signature", async () => {
    const signature = join(here, "signature.json");
    writeFileSync(signature, JSON.stringify({ [odd]: 1, frames: [{ [odd]: 2 }] }));
    expect(await run(["scan", "--video-signature", signature, image])).not.toBe("");
  });
});

describe.skipIf(windows)("the version of an ffmpeg", () => {
  const ffmpeg = join(here, "ffmpeg");
  writeFileSync(
    ffmpeg,
    `#!/bin/sh\nprintf 'ffmpeg version 7.1${odd} Copyright\\nlibavutil      59. 39.100 / 59. 39.100\\n'\n`,
  );
  chmodSync(ffmpeg, 0o755);

  it.each([[[]], [["--json"]]])("is printed by doctor %j with its control characters escaped", async (more) => {
    const said = await run(["doctor", ...more], { EMPREINTE_FFMPEG: ffmpeg });
    expect(said).toContain("7.1");
  });
});

describe.skipIf(windows)("names that turn themselves round", () => {
  const names = ["photo\u202egpj.exe.png", "\u2066mirror.png", "\u009bcsi.png"];
  const odder = join(here, "names");
  mkdirSync(odder);
  for (const name of names) copyFileSync(image, join(odder, name));

  it("are escaped in text, as bytes", async () => {
    const said = await run(["hash", odder]);
    expect(said).toContain("photo\\xe2\\x80\\xaegpj.exe.png");
    expect(said).toContain("\\xe2\\x81\\xa6mirror.png");
  });

  it("are escaped in JSON, and come back whole", async () => {
    const said = await run(["hash", "--json", odder]);
    expect(
      jsonLines(said)
        .map((line) => (line as { path: string }).path)
        .toSorted(),
    ).toEqual(names.map((name) => join(odder, name)).toSorted());
  });
});
