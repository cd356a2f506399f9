/** Decisions with a matcher elsewhere: what it finds, and what is said when it does not answer. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashImage } from "empreinte";
import { type BankStore, Matcher } from "empreinte/bank";
import sharp from "sharp";
import { beforeEach, describe, expect, test } from "vitest";
import { CombinedMatcher, type CombinedMatcherOptions } from "../src/remote/combined-matcher.ts";
import { openRemoteMatcher, type RemoteSettings } from "../src/remote/open-remote.ts";
import { ArachnidShieldSimulator } from "../src/simulators/arachnid-shield.ts";
import type { Fault } from "../src/simulators/simulator.ts";
import { exchangeCommand } from "../src/commands/exchange.ts";
import { after, code, folder, image, newStore, type TestEnvironment, testEnvironment } from "./support.ts";

let environment: TestEnvironment;
let simulator: ArachnidShieldSimulator;
let base: string;
let store: BankStore;
let upload: Buffer;
let hashes: string[];
const secrets = { user: "env:SHIELD_USER", password: "env:SHIELD_PASSWORD" };

beforeEach(async () => {
  environment = { ...testEnvironment(), variables: { SHIELD_USER: "hotline", SHIELD_PASSWORD: "secret" } };
  Object.assign(environment, {
    now: () => environment.time,
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      environment.pauses.push(milliseconds);
      environment.time += milliseconds;
    },
  });
  simulator = new ArachnidShieldSimulator({ user: "hotline", password: "secret" });
  base = await simulator.listen();
  after(() => simulator.close());
  store = await newStore();
  upload = await image(1);
  hashes = Object.values((await hashImage(upload, { orientations: true })).orientations!);
});

async function combined(options: CombinedMatcherOptions = {}, more: Partial<RemoteSettings> = {}) {
  const remote = await openRemoteMatcher({ kind: "arachnid-shield", base, secrets, ...more }, environment);
  after(() => remote.close());
  return new CombinedMatcher(new Matcher(store), [remote], { environment, ...options });
}
/** The faults of the next requests, in order. */
function failing(...next: (Fault | undefined)[]): void {
  simulator.fault = () => next.shift();
}
const know = (hash: string, match_type: "exact" | "near" = "near", classification = "csam"): unknown =>
  simulator.known.set(Buffer.from(hash, "hex").toString("base64"), { classification, match_type });

describe("a match elsewhere", () => {
  test("becomes the decision, with its source, and nothing of it is kept in the store", async () => {
    know(hashes[0]!);
    const { revision } = store;
    const { action, remote, reasons, incomplete, local } = await (await combined()).checkImage(upload);
    expect(action).toBe("review");
    expect(remote).toEqual([{ source: "arachnid-shield", kind: "near", label: "csam", action: "review" }]);
    expect(reasons).toContain("arachnid-shield: csam, near: review");
    expect(incomplete).toEqual([]);
    expect(local.action).toBe("none");
    expect(new Matcher(store).explain(local).same).toBe(true);
    expect([store.revision, [...store.entries()]]).toEqual([revision, []]);
    expect(JSON.stringify(store.memos(""))).not.toContain(hashes[0]!.slice(0, 16));
  });

  test("is found in any orientation, by hashes alone, and the file is not sent", async () => {
    know(hashes[5]!, "exact");
    const { action, remote } = await (await combined()).checkImage(upload);
    expect([action, remote.length]).toEqual(["block", 1]);
    expect(simulator.queried).toEqual({ hashes: 8, files: 0 });
  });

  test("asks for what the operator says, and goes into the audit log where that is wanted", async () => {
    know(hashes[0]!, "exact", "harmful-abusive-material");
    const matcher = await combined({ actions: { exact: "log" }, audit: store });
    expect(await matcher.checkImage(upload)).toMatchObject({ action: "log" });
    const records = store.audit().filter(({ what }) => what === "act");
    expect(records).toHaveLength(1);
    expect(JSON.stringify(records)).toContain("harmful-abusive-material");
  });

  test("with a label that nobody here knows asks for a review at most, and says so", async () => {
    know(hashes[0]!, "exact", "something-new");
    const { action, remote, reasons } = await (await combined()).checkImage(upload);
    expect([action, remote[0]!.unknown]).toEqual(["review", true]);
    expect(reasons.join()).toContain("something-new, exact, a label that is not known here");
  });

  test("with a label that could be a hash, or is none, is a match all the same", async () => {
    const matcher = await combined({ audit: store, cacheSeconds: 0 });
    for (const [label, shown] of [
      [hashes[1]!, hashes[1]!.slice(0, 8)],
      ["???", "unnamed"],
    ] as const) {
      know(hashes[0]!, "exact", label);
      const { action, remote } = await matcher.checkImage(upload);
      expect([action, remote[0]!.label]).toEqual(["review", shown]);
    }
  });

  test("the file is sent where the operator says so, with its type", async () => {
    const sha256 = createHash("sha256").update(upload).digest("base64");
    simulator.known.set(sha256, { classification: "csam", match_type: "exact" });
    const path = join(folder(), "upload.dat");
    writeFileSync(path, upload);
    const matcher = await combined({}, { options: { send: "file" } });
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield upload.subarray(0, 1000);
      yield upload.subarray(1000);
    }
    for (const input of [upload, path, stream()]) {
      expect(await matcher.checkImage(input)).toMatchObject({ action: "block", incomplete: [] });
    }
    // The second and the third are the same bytes, whose answer is known.
    expect(simulator.queried).toEqual({ hashes: 0, files: 1 });
    await expect(matcher.checkImage(join(path, "none"))).rejects.toMatchObject(code("READ"));
  });

  test("is not consulted where the store asks for a block already", async () => {
    store.createBank({ name: "own", policy: { action: "block" } });
    await store.import({ bank: "own", source: "a" }, [{ id: "1", signals: [{ type: "pdq", value: hashes[0]! }] }]);
    expect(await (await combined()).checkImage(upload)).toMatchObject({ action: "block", remote: [], incomplete: [] });
    expect(simulator.queried.hashes).toBe(0);
  });
});

describe("a matcher that does not answer", () => {
  test.each<[string, Fault[]]>([
    ["is out of service", ["error", "error", "error"]],
    ["breaks its connections", ["reset", "reset", "reset"]],
    ["cuts its answers off", ["truncated", "truncated", "truncated"]],
    ["shows a login page", ["login", "login", "login"]],
    ["answers for another service", ["other", "other", "other"]],
    ["redirects elsewhere", ["redirect", "redirect", "redirect"]],
    ["refuses the request", ["expired"]],
  ])("%s: the decision says so, and is not that nothing is known", async (_, next) => {
    know(hashes[0]!, "exact");
    failing(...next);
    const { action, incomplete, reasons, remote } = await (await combined()).checkImage(upload);
    expect([action, remote]).toEqual(["none", []]);
    expect(incomplete).toEqual([
      {
        source: "arachnid-shield",
        code: expect.stringContaining("ERR_EMPREINTE_EXCHANGE_"),
        reason: expect.any(String),
      },
    ]);
    expect(reasons.join()).toContain("arachnid-shield: it did not answer, and may know the upload");
    const text = JSON.stringify([incomplete, reasons]);
    for (const secret of ["secret", ...hashes]) expect(text).not.toContain(secret);
  });

  test("is consulted again, and then answers", async () => {
    know(hashes[0]!, "exact");
    failing("error", "truncated");
    expect(await (await combined()).checkImage(upload)).toMatchObject({ action: "block", incomplete: [] });
    expect(environment.pauses).toHaveLength(2);
  });

  test("drips: the deadline ends it", async () => {
    simulator.fault = () => "drip";
    const { incomplete } = await (await combined({ deadlineSeconds: 0.2 })).checkImage(upload);
    expect(incomplete[0]!.reason).toBe("it did not answer within 0.2 seconds");
  });

  test("leaves a hash out: that is no answer", async () => {
    simulator.forgetful = true;
    const { incomplete } = await (await combined()).checkImage(upload);
    expect(incomplete).toMatchObject([{ code: "ERR_EMPREINTE_EXCHANGE_PAGE" }]);
  });

  test("contradicts itself: that is no answer", async () => {
    know(hashes[0]!, "near", "no-known-match");
    expect((await (await combined()).checkImage(upload)).incomplete).toHaveLength(1);
  });

  test("refuses the credentials: that is said at once, without them", async () => {
    environment.variables = { SHIELD_USER: "hotline", SHIELD_PASSWORD: "wrong-one" };
    const { incomplete } = await (await combined()).checkImage(upload);
    expect(incomplete).toMatchObject([{ code: "ERR_EMPREINTE_EXCHANGE_DENIED" }]);
    expect([environment.pauses, JSON.stringify(incomplete).includes("wrong-one")]).toEqual([[], false]);
  });

  test("wants a longer pause than the deadline: it gets no request before that time", async () => {
    simulator.retryAfter = 60;
    failing("busy");
    const matcher = await combined();
    let requests = 0;
    simulator.onRequest = () => requests++;
    expect((await matcher.checkImage(upload)).incomplete).toHaveLength(1);
    environment.time += 50_000;
    expect((await matcher.checkImage(upload)).incomplete).toHaveLength(1);
    expect(requests).toBe(1);
    environment.time += 20_000;
    expect((await matcher.checkImage(upload)).incomplete).toEqual([]);
    expect(requests).toBe(2);
  });

  test("fails three times in a row: it rests, and uploads wait for it no longer", async () => {
    simulator.fault = () => "error";
    const matcher = await combined({ retry: { tries: 1 } });
    let requests = 0;
    simulator.onRequest = () => requests++;
    for (let i = 0; i < 5; i++) expect((await matcher.checkImage(upload)).incomplete).toHaveLength(1);
    expect(requests).toBe(3);
    simulator.fault = () => undefined;
    environment.time += 31_000;
    expect((await matcher.checkImage(upload)).incomplete).toEqual([]);
  });

  test("asks for a review where the operator wants that", async () => {
    simulator.fault = () => "error";
    expect(await (await combined({ whenIncomplete: "review" })).checkImage(upload)).toMatchObject({ action: "review" });
  });

  test("the caller's own end is no failure of the matcher", async () => {
    simulator.fault = () => "drip";
    const controller = new AbortController();
    simulator.onRequest = () => controller.abort(new Error("the upload was cancelled"));
    const check = (await combined()).checkImage(upload, { signal: controller.signal });
    await expect(check).rejects.toThrow("the upload was cancelled");
  });
});

test("an answer counts for minutes and for the same upload, and a failure never", async () => {
  const matcher = await combined({ cacheSeconds: 60 });
  let requests = 0;
  simulator.onRequest = () => requests++;
  failing("expired");
  for (let i = 0; i < 3; i++) await matcher.checkImage(upload);
  expect(requests).toBe(2);
  await matcher.checkImage(await image(2));
  expect(requests).toBe(3);
  environment.time += 61_000;
  know(hashes[0]!, "exact");
  expect(await matcher.checkImage(upload)).toMatchObject({ action: "block" });
});

test("no matcher is consulted by hashes about an image without a good hash, and the decision says so", async () => {
  const flat = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#888" } })
    .png()
    .toBuffer();
  const { incomplete, reasons } = await (await combined()).checkImage(flat);
  expect([incomplete, simulator.queried.hashes]).toEqual([[], 0]);
  expect(reasons).toContain("arachnid-shield: the image has no hash that is good enough to ask");
  const withFiles = await combined({}, { options: { send: "file" } });
  expect(await withFiles.checkHash({ hash: hashes[0]! })).toMatchObject({
    incomplete: [{ reason: "there is no file to send" }],
  });
});

test.each([
  [{ kind: "none" }, "kind"],
  [{ secrets: { user: "hotline" } }, "user"],
  [{ secrets: { ...secrets, token: "env:A" } }, "secret"],
  [{ options: { send: "all" } }, "send"],
  [{ options: { sent: "file" } }, "option"],
])("settings %o are refused by name", async (settings, name) => {
  await expect(combined({}, settings as Partial<RemoteSettings>)).rejects.toThrow(`for ${name}`);
});

test("the command decides about files, and says what did not answer", async () => {
  const directory = folder();
  const path = join(directory, "upload.png");
  writeFileSync(path, upload);
  const bank = join(directory, "other.bank");
  const { BankStore: Store } = await import("empreinte/bank");
  await (await Store.create(bank)).close();
  process.env["TEST_SHIELD_USER"] = "hotline";
  process.env["TEST_SHIELD_PASSWORD"] = "secret";
  const check = async (...more: string[]): Promise<{ status: number; out: string }> => {
    let out = "";
    const write = (text: string): unknown => (out += text);
    const given = [
      "--base",
      base,
      "--secret",
      "user=env:TEST_SHIELD_USER",
      "--secret",
      "password=env:TEST_SHIELD_PASSWORD",
    ];
    const output = { write, warn: write, stop: new AbortController().signal };
    const status = await exchangeCommand(["check", bank, path, "--kind", "arachnid-shield", ...given, ...more], output);
    return { status, out };
  };
  expect(await check()).toEqual({ status: 0, out: `${path}: none\n` });
  know(hashes[0]!, "exact");
  const { status, out } = await check();
  expect([status, out]).toEqual([0, `${path}: block\n  arachnid-shield: csam, exact: block\n`]);
  expect(JSON.parse((await check("--json")).out)).toMatchObject({ file: path, action: "block", incomplete: [] });
  simulator.fault = () => "expired";
  const failed = await check();
  expect(failed.status).toBe(1);
  expect(failed.out).toContain("none, incomplete");
  expect((await check("--option", "send=all")).status).toBe(2);
});
