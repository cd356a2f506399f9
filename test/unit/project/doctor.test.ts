/** What diagnose reports, the generators behind its self-test, and where ffmpeg is searched for. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { diagnose, orientationNames, version } from "../../../dist/index.js";
import { findFfmpeg } from "../../../dist/doors/video.js";
import { knownAnswers } from "../../../dist/doctor/known-answers.js";
import { selfTest } from "../../../dist/doctor/self-test.js";
import { fnv1a32 } from "../../../fixtures/kat/inputs.mjs";
import { folder } from "../../support/cli.ts";
import { root, succeed } from "../../support/run.ts";

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

describe("diagnose", () => {
  it("reports this machine without a fault", async () => {
    const report = await diagnose();
    expect(report.faults).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.version).toBe(version);
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(version).toBe(manifest.version);
    expect(report.node).toEqual({ version: process.versions.node, napi: process.versions["napi"] });
    expect(report.kernels.some(({ name, supported }) => name === "portable" && supported)).toBe(true);
    expect(report.kernel).toBe(environment["EMPREINTE_KERNEL"] || report.kernels.find((k) => k.supported)!.name);
    const own = ["avif", "bmp", "gif", "ico", "jpeg", "png", "tiff", "webp"];
    expect(report.formats.toSorted()).toEqual([...own, "heic", "jp2", "jxl"].toSorted());
    const manifestOf = (name: string): { version: string } =>
      JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string };
    expect(report.decoders).toEqual([
      { name: "libheif-js", formats: ["heic"], version: manifestOf("libheif-js").version },
      {
        name: "@imagemagick/magick-wasm",
        formats: ["jxl", "jp2"],
        version: manifestOf("@imagemagick/magick-wasm").version,
      },
    ]);
    expect(report.checks.length).toBeGreaterThanOrEqual(5);
    const sharp = JSON.parse(readFileSync(join(root, "node_modules/sharp/package.json"), "utf8")) as {
      version: string;
    };
    expect(report.sharp).toBe(sharp.version);
    const linux = process.platform === "linux";
    expect(report.isolation).toEqual({
      limits: linux,
      files: linux ? expect.any(Boolean) : false,
      network: linux && (process.arch === "x64" || process.arch === "arm64"),
    });
    if (report.ffmpeg !== undefined) expect(report.ffmpeg.confined).toEqual(report.isolation);
  });

  it("reports an unknown kernel and an unusable ffmpeg as one fault each", async () => {
    process.env["EMPREINTE_KERNEL"] = "abacus";
    process.env["EMPREINTE_FFMPEG"] = join(root, "package.json");
    const report = await diagnose();
    expect(report.ok).toBe(false);
    expect(report.faults).toEqual([
      expect.stringContaining("EMPREINTE_KERNEL"),
      expect.stringContaining("EMPREINTE_FFMPEG"),
    ]);
    expect(report.kernel).toBeUndefined();
  });
});

describe("the self-test", () => {
  it("uses the inputs and answers of fixtures/kat", () => {
    interface Vector {
      id: string;
      width: number;
      height: number;
      channels: number;
      inputFnv1a32: string;
      hash: string;
      quality: number;
      dihedral: Record<string, string>;
    }
    const file = readFileSync(join(root, "fixtures/kat/pdq-synthetic.json"), "utf8");
    const { vectors } = JSON.parse(file) as { vectors: Vector[] };
    for (const { id, pixels, hash, quality, orientations } of knownAnswers) {
      const vector = vectors.find((one) => one.id === id)!;
      const { data, width, height, channels } = pixels();
      expect(fnv1a32(new Uint8Array(data))).toBe(vector.inputFnv1a32);
      expect({ width, height, channels, hash, quality }).toEqual({
        width: vector.width,
        height: vector.height,
        channels: vector.channels,
        hash: vector.hash,
        quality: vector.quality,
      });
      expect(orientations).toEqual(orientationNames.map((name) => vector.dihedral[name]));
    }
  });

  it("finds a wrong answer", async () => {
    const first = knownAnswers.find(({ id }) => id === "noise-128")!;
    const right = first.hash;
    first.hash = `${right.slice(0, 63)}${right.endsWith("0") ? "1" : "0"}`;
    const checks = await selfTest(["portable"]);
    first.hash = right;
    expect(checks.filter(({ fault }) => fault !== undefined)).toEqual([
      { name: "known answers, kernel portable", fault: "wrong answer for noise-128 (method auto)" },
    ]);
  });
});

describe.skipIf(process.platform === "win32")("findFfmpeg", () => {
  const here = folder();
  /** Writes a program that answers like ffmpeg, or does something else. */
  function program(name: string, body: string): string {
    const path = join(here, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const says = (text: string): string => `echo "ffmpeg version ${text} Copyright (c) 2000-2026"; echo "built with gcc"`;
  const option = program("option/ffmpeg", says("7.1"));
  const named = program("named/ffmpeg", says("6.0-custom"));
  program("first/ffmpeg", "exit 1");
  const second = program("second/ffmpeg", says("5.1.9-0+deb12u1"));

  it("prefers the option, then EMPREINTE_FFMPEG, then PATH", async () => {
    process.env["EMPREINTE_FFMPEG"] = named;
    process.env["PATH"] = join(here, "second");
    const yes = expect.any(Boolean);
    const confined = { limits: yes, files: yes, network: yes };
    expect(await findFfmpeg({ ffmpegPath: option })).toEqual({
      path: option,
      version: "7.1",
      source: "option",
      confined,
    });
    expect(await findFfmpeg()).toEqual({ path: named, version: "6.0-custom", source: "EMPREINTE_FFMPEG", confined });
    delete process.env["EMPREINTE_FFMPEG"];
    expect(await findFfmpeg()).toEqual({ path: second, version: "5.1.9-0+deb12u1", source: "PATH", confined });
  });

  it("skips programs on PATH that do not answer, folders of that name, and relative entries", async () => {
    delete process.env["EMPREINTE_FFMPEG"];
    mkdirSync(join(here, "third/ffmpeg"), { recursive: true });
    process.env["PATH"] = ["", ".", "none", join(here, "third"), join(here, "first"), join(here, "second")].join(":");
    expect(await findFfmpeg()).toMatchObject({ path: second, source: "PATH" });
  });

  it("returns undefined when there is none, and the optional package's where only that is installed", async () => {
    // The same code in two places: beside the packages of this checkout, and beside none.
    const alone = join(here, "alone");
    cpSync(join(root, "dist"), join(alone, "dist"), { recursive: true });
    writeFileSync(join(alone, "package.json"), '{"type":"module"}');
    symlinkSync(join(root, "build"), join(alone, "build"));
    const env = { PATH: here };
    const source = async (place: string): Promise<string> => {
      const url = pathToFileURL(join(place, "dist/video/ffmpeg/find-ffmpeg.js")).href;
      const program = `const { findFfmpeg } = await import(${JSON.stringify(url)});
        process.stdout.write(String((await findFfmpeg())?.source));`;
      return succeed(process.execPath, ["--input-type=module", "-e", program], { env });
    };
    expect(await source(alone)).toBe("undefined");
    const isInstalled = existsSync(join(root, "node_modules/@ffmpeg-installer/ffmpeg"));
    expect(await source(root)).toBe(isInstalled ? "@ffmpeg-installer/ffmpeg" : "undefined");
  });

  it("rejects a named program that does not work instead of taking another", async () => {
    process.env["PATH"] = join(here, "second");
    for (const path of [join(here, "none"), here, program("liar", "echo avconv version 9"), ""]) {
      await expect(findFfmpeg({ ffmpegPath: path })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    }
    process.env["EMPREINTE_FFMPEG"] = join(here, "none");
    await expect(findFfmpeg()).rejects.toThrow(/for EMPREINTE_FFMPEG/);
  });

  it.each<[string, string, RegExp]>([
    [
      "misses a library",
      "echo 'ffmpeg: error while loading shared libraries: libx.so.9' >&2; exit 127",
      /ended with 127: ffmpeg: error while loading shared libraries: libx\.so\.9/,
    ],
    ["crashes", "kill -SEGV $$", /ended by SIGSEGV/],
    ["answers something else", "echo avconv version 9", /does not answer as ffmpeg does: avconv version 9/],
    ["says nothing", "exit 0", /does not answer as ffmpeg does/],
  ])("says where a program is that %s, and what is wrong with it", async (name, body, why) => {
    delete process.env["EMPREINTE_FFMPEG"];
    const path = program(`broken ${name}/ffmpeg`, body);
    await expect(findFfmpeg({ ffmpegPath: path })).rejects.toThrow(why);
    await expect(findFfmpeg({ ffmpegPath: path })).rejects.toThrow(path);
    process.env["EMPREINTE_FFMPEG"] = path;
    await expect(findFfmpeg()).rejects.toThrow(why);
  });

  it("says of a program without permission or interpreter that it cannot be started", async () => {
    const path = join(here, "plain/ffmpeg");
    mkdirSync(join(here, "plain"), { recursive: true });
    writeFileSync(path, "#!/no/such/interpreter\n");
    await expect(findFfmpeg({ ffmpegPath: path })).rejects.toThrow(/cannot be started: .*EACCES/);
    chmodSync(path, 0o755);
    await expect(findFfmpeg({ ffmpegPath: path })).rejects.toThrow(/cannot be started: .*ENOENT/);
    await expect(findFfmpeg({ ffmpegPath: "a\0b" })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
  });

  it("does not say that none was found where those on PATH do not work", async () => {
    delete process.env["EMPREINTE_FFMPEG"];
    const broken = program("broken/ffmpeg", "echo 'no such library' >&2; exit 127");
    const plain = join(here, "plain2/ffmpeg");
    mkdirSync(join(here, "plain2"));
    writeFileSync(plain, "#!/bin/sh\n");
    const alone = join(here, "alone2");
    cpSync(join(root, "dist"), join(alone, "dist"), { recursive: true });
    writeFileSync(join(alone, "package.json"), '{"type":"module"}');
    symlinkSync(join(root, "build"), join(alone, "build"));
    const url = pathToFileURL(join(alone, "dist/video/ffmpeg/find-ffmpeg.js")).href;
    const script = `const { findFfmpeg } = await import(${JSON.stringify(url)});
      process.stdout.write(await findFfmpeg().catch((error) => error.code + error.message));`;
    const env = { PATH: [join(here, "plain2"), join(here, "broken")].join(":") };
    const said = await succeed(process.execPath, ["--input-type=module", "-e", script], { env });
    expect(said).toMatch(/^ERR_EMPREINTE_VIDEO_FFMPEGNo working ffmpeg was found/);
    expect(said).toContain(`${broken}: it ended with 127: no such library`);
    expect(said).toContain(`${plain}: it cannot be started: EACCES`);
  });

  it("passes PATH and nothing else of our environment to the program", async () => {
    process.env["EMPREINTE_SECRET"] = "secret";
    const nosy = program("nosy", `echo "ffmpeg version $EMPREINTE_SECRET-$HOME-\${PATH:+path}"`);
    expect(await findFfmpeg({ ffmpegPath: nosy })).toMatchObject({ version: "--path" });
  });

  it("cuts off an endless answer, and a signal ends the wait", async () => {
    const endless = program("endless", "while :; do echo ffmpeg version 1; done");
    await expect(findFfmpeg({ ffmpegPath: endless })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    const slow = program("slow", "exec sleep 30");
    await expect(findFfmpeg({ ffmpegPath: slow, signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/i);
    await expect(findFfmpeg({ signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  });
});
