/** Every function that takes a path: what is not a file is refused at once, and no error repeats a whole hash. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { attackImage, distancesMethod, evaluate } from "../../../dist/doors/evaluate.js";
import { convertList, openList } from "../../../dist/doors/lists.js";
import { hashVideo, VideoIndex, videoFrames } from "../../../dist/doors/video.js";
import {
  digestFile,
  EmpreinteError,
  hashImage,
  hashImages,
  HashIndex,
  HashList,
  hashWithCrops,
  readSmallFileSync,
  reduceImage,
  safePreview,
} from "../../../dist/index.js";
import { run, which } from "../../support/run.ts";

const isLinux = process.platform === "linux";

let folder: string;
const path = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "empreinte-paths-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function hashEach(input: string): Promise<void> {
  for await (const { error } of hashImages([input])) if (error !== undefined) throw error;
}
async function drained(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** Each way in that takes a path to read. */
const forms: [string, (path: string) => Promise<unknown>][] = [
  ["hashImage", (name) => hashImage(name)],
  ["hashImages", (name) => hashEach(name)],
  ["hashWithCrops", (name) => hashWithCrops(name)],
  ["safePreview", (name) => safePreview(name)],
  ["reduceImage", (name) => reduceImage(name)],
  ["digestFile", (name) => digestFile(name)],
  ["hashVideo", (name) => hashVideo(name)],
  ["videoFrames", (name) => drained(videoFrames(name))],
  ["VideoIndex.open", (name) => VideoIndex.open(name)],
  ["HashIndex.open", (name) => HashIndex.open(name)],
  ["HashIndex.searchImage", (name) => new HashIndex().searchImage(name)],
  ["HashList.load", (name) => HashList.load(name)],
  ["HashList.build", (name) => HashList.build(name, path("made.idx"))],
  ["HashList.open", (name) => HashList.open(name)],
  ["openList", (name) => openList(name)],
  ["convertList", (name) => convertList(name, { to: "plain" })],
  ["BankStore.open", (name) => BankStore.open(name)],
  ["readSmallFileSync", async (name) => readSmallFileSync(name)],
  ["distancesMethod", (name) => distancesMethod("other", name, { bits: 64, radius: 10 })],
];

async function failureOf(work: Promise<unknown>): Promise<EmpreinteError> {
  const error = await work.then(
    () => expect.unreachable("it was read"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EmpreinteError);
  return error as EmpreinteError;
}

describe.skipIf(!isLinux || which("mkfifo") === undefined)("what is not a file is refused at once", () => {
  let server: ReturnType<typeof createServer>;
  const special: [string, () => string][] = [
    ["a named pipe", () => path("pipe")],
    ["a link to a named pipe", () => path("link")],
    ["a socket", () => path("socket")],
    ["a device", () => "/dev/zero"],
    ["a file of the kernel", () => "/proc/self/status"],
    ["a folder", () => folder],
  ];
  beforeAll(() => {
    execFileSync("mkfifo", [path("pipe")]);
    symlinkSync(path("pipe"), path("link"));
    server = createServer().listen(path("socket"));
  });
  afterAll(() => server.close());

  it.each(forms)("by %s", async (name, form) => {
    for (const [, where] of special) {
      const { code, message } = await failureOf(form(where()));
      expect([code, message], name).toEqual([
        "ERR_EMPREINTE_READ",
        expect.stringMatching(/pipe|socket|device|kernel|folder|not a file/),
      ]);
      // A store names the file that a link leads to.
      if (name !== "BankStore.open") expect(message).toContain(where());
    }
  });

  it("and none of the pool's threads waits for it, nor does the end of the process", async () => {
    const script = `
      import { readFile } from "node:fs/promises";
      import { hashImage, digestFile, HashIndex } from "./dist/index.js";
      import { VideoIndex } from "./dist/doors/video.js";
      const [pipe] = process.argv.slice(1);
      const forms = [hashImage, digestFile, VideoIndex.open.bind(VideoIndex), HashIndex.open.bind(HashIndex)];
      const codes = await Promise.all(forms.map((form) => form(pipe).then(() => "read", ({ code }) => code)));
      const text = await readFile("package.json", "utf8");
      console.log(JSON.stringify({ codes, read: text.length > 0 }));
      process.exit(7);`;
    const { code, stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", script, path("pipe")]);
    expect({ code, stderr }).toEqual({ code: 7, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ codes: Array.from({ length: 4 }, () => "ERR_EMPREINTE_READ"), read: true });
  });

  it("and a list comes from a named pipe as a stream", async () => {
    const hash = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
    const command = `"$0" "$1" scan --list <(echo ${hash}) --quiet package.json; echo $?`;
    const bash = which("bash");
    if (bash === undefined) return;
    const main = "dist/cli/main.js";
    const { stdout, stderr } = await run(bash, ["-c", command, process.execPath, main]);
    expect(stdout).toBe("2\n");
    expect(stderr).toMatch(/package\.json: is not a JPEG/);
    expect(stderr).not.toMatch(/pipe/);
  });
});

describe("a small file", () => {
  it("is read whole up to its limit, by a path or a URL", () => {
    const bytes = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => i % 251));
    writeFileSync(path("small"), bytes);
    expect(readSmallFileSync(path("small")).equals(bytes)).toBe(true);
    expect(readSmallFileSync(pathToFileURL(path("small")), { maxBytes: 200_000 }).equals(bytes)).toBe(true);
    writeFileSync(path("empty"), "");
    expect(readSmallFileSync(path("empty"), { maxBytes: 0 })).toHaveLength(0);
  });

  it("is refused where it is longer, before it is read", () => {
    writeFileSync(path("long"), "");
    truncateSync(path("long"), 2 ** 40);
    const text = expect.stringContaining(`${path("long")} has more than 1048576 bytes`);
    expect(() => readSmallFileSync(path("long"))).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_LIMIT", limit: "maxBytes", message: text }),
    );
    expect(() => readSmallFileSync(path("small"), { maxBytes: 199_999 })).toThrow("more than 199999 bytes");
    for (const maxBytes of [-1, 1.5, Number.NaN]) {
      expect(() => readSmallFileSync(path("small"), { maxBytes })).toThrow("maxBytes");
    }
  });

  it("is named in the error if it is missing", () => {
    expect(() => readSmallFileSync(path("none"))).toThrow(`${path("none")} cannot be read: ENOENT`);
    expect(() => readSmallFileSync("")).toThrow("path");
  });
});

describe("what is taken for a path", () => {
  const hash = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
  const bytes = Buffer.from(hash, "hex");
  const jpeg = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 31 + i * 7) & 255)).toString("base64");
  /** What may not be repeated: more than 8 hex digits of a hash, or more than as many bits of it in base64. */
  const secrets: [string, string, string][] = [
    ["a hash", hash, hash.slice(0, 9)],
    ["a hash in capitals", hash.toUpperCase(), hash.slice(0, 9).toUpperCase()],
    ["a hash with 0x", `0x${hash}`, hash.slice(0, 9)],
    ["a hash in base64", bytes.toString("base64"), bytes.toString("base64").slice(0, 7)],
    ["a hash in base64 without padding", bytes.toString("base64").slice(0, 43), bytes.toString("base64").slice(0, 7)],
    ["an MD5", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98"],
    ["a file named by a hash", `uploads/${hash}.jpg`, hash.slice(0, 9)],
    ["a folder named by a hash", `${hash}/image.jpg`, hash.slice(0, 9)],
    ["base64 data", jpeg, jpeg.slice(0, 20)],
    ["a data URI", `data:image/jpeg;base64,${jpeg}`, jpeg.slice(0, 20)],
  ];

  it.each(forms)("is not repeated whole by %s", async (name, form) => {
    for (const [kind, text, secret] of secrets) {
      const error = await failureOf(form(text));
      // As a log would show it, with its cause and its stack.
      const shown = `${inspect(error, { depth: 9 })} ${JSON.stringify(error)} ${error.stack ?? ""}`;
      expect(shown, `${name} of ${kind}`).not.toContain(secret);
    }
  });

  it("is repeated whole where it has no hash", async () => {
    const plain = path("Screenshot_2024-01-31_at_12.00.00-Some_Long_Name-of_a_Image_(1)_final.png");
    for (const [name, form] of forms) expect((await failureOf(form(plain))).message, name).toContain(plain);
  });

  it("is shortened in the middle where it is very long", async () => {
    const long = path(Array.from({ length: 300 }, () => "folder").join("/"));
    const { message } = await failureOf(hashImage(long));
    expect(message.length).toBeLessThan(700);
    expect(message.startsWith(long.slice(0, 200))).toBe(true);
  });

  it("is not repeated as an option, a bank's name, or by evaluate", async () => {
    const refused = [
      failureOf(hashImage("x.jpg", { [hash]: 1 } as object)),
      failureOf(hashImage(new Uint8Array(1), { name: hash })),
      failureOf(evaluate(path(hash), { methods: [] })),
      failureOf(attackImage(new Uint8Array(9), hash as never)),
    ];
    for (const error of await Promise.all(refused)) expect(inspect(error)).not.toContain(hash.slice(0, 9));
    mkdirSync(path("bank"));
    const store = await BankStore.create(path("bank/known.bank"));
    try {
      store.createBank({ name: hash });
      expect(() => store.createBank({ name: hash })).toThrow(/f8f8f0ce…/);
    } finally {
      await store.close();
    }
    expect(await readdir(path("bank"))).toContain("known.bank");
  });

  it("is not repeated by the command", async () => {
    const main = "dist/cli/main.js";
    for (const args of [
      ["hash", hash],
      ["scan", "--list", hash, "x.jpg"],
      ["hash", "--json", hash],
      [hash],
      ["hash", `--${hash}`],
    ]) {
      const { stderr, stdout, code } = await run(process.execPath, [main, ...args]);
      expect(code).not.toBe(0);
      // JSON has the path itself, for programs.
      const said = stdout.replace(`"path":"${hash}"`, "");
      expect(stderr + said, args.join(" ")).not.toContain(hash.slice(0, 9));
    }
  });
});
