import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashPixelsSync } from "../../../dist/index.js";
import { png } from "../../../fixtures/images/encode.ts";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";
import { rounds } from "../../support/long.ts";
import { run } from "../../support/run.ts";

const script = "test/hostile/image/worker-images.mjs";
const count = rounds(6, 8);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "empreinte-worker-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(`${count} workers terminated in mid-job, of pixels`, async () => {
  const { code, signal, stdout, stderr } = await run(process.execPath, [script, `${count}`, "pixels"]);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ terminated: count, stable: true, same: true });
});

test(`${count} workers terminated while a file is read, decoded and hashed`, async () => {
  const [width, height] = [1500, 1100];
  const planes = [1, 2, 3].map((seed) => ({ gen: "scene", args: { seed, m: 14 } }));
  const samples = makeInput({ width, height, channels: 3, planes });
  const path = join(folder, "image.png");
  await writeFile(path, png({ width, height, type: 2, bits: 8, samples }));
  const { code, signal, stdout, stderr } = await run(process.execPath, [script, `${count}`, path]);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  const { hash } = hashPixelsSync({ data: samples, width, height, channels: 3 });
  expect(JSON.parse(stdout)).toMatchObject({ terminated: count, hash, stable: true });
});
