/** Every exchange that a client recorded with a real HMA: the same status, form and types of answer. */
import { createServer, type Server } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../../../test/support/run.ts";
import { photograph } from "../support/images.ts";
import { away, someHash } from "../support/hashes.ts";
import { type Answer, form, testServer, type TestServer } from "../support/server.ts";

interface Recorded {
  case: string;
  request: {
    method: string;
    uri: string;
    contentType?: string;
    body?: string | { multipart: { field: string; file?: string }[]; metadata?: string };
  };
  response: { status: number; contentType: string; body: unknown };
}

type ByBank = Record<string, { bank_content_id: number; distance: string }[]>;

const cases = JSON.parse(readFileSync(join(root, "../shared/hma/recorded.json"), "utf8")) as Recorded[];

let server: TestServer;
let media: Server;
let mediaUrl: string;
let image: Buffer;
let imageHash: string;
beforeAll(async () => {
  image = await photograph(1);
  media = createServer((_request, response) => response.setHeader("content-type", "image/jpeg").end(image));
  await new Promise<void>((resolve) => media.listen(0, "127.0.0.1", resolve));
  mediaUrl = `http://127.0.0.1:${(media.address() as AddressInfo).port}/image.jpg`;
  server = await testServer({ fetchUrls: true });
  const { body } = await server.call("/h/hash", { body: form({ photo: image }) });
  imageHash = (body as { pdq: string }).pdq;
});
afterAll(async () => {
  await server.end();
  media.close();
});

/** Sends a recorded request. Its URL leads to our own image. */
function send({ method, uri, contentType, body }: Recorded["request"], to: TestServer = server): Promise<Answer> {
  const path = uri.replace(/([?&]url=)[^&]*/, (_, name: string) => name + encodeURIComponent(mediaUrl));
  if (typeof body === "object") {
    const files = body.multipart.filter(({ file }) => file !== undefined).map(({ field }) => [field, image]);
    const metadata = body.metadata === undefined ? {} : { metadata: body.metadata };
    return to.call(path, { method, body: form({ ...Object.fromEntries(files), ...metadata }) });
  }
  const headers: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
  return to.call(path, { method, headers, ...(body !== undefined && { body }) });
}

/** The form of a value: its keys and the types of what is in it. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shape(one)]));
}

/** Takes all banks away, and makes these with these distances from a hash. */
async function prepare(hash: string, banks: ByBank): Promise<void> {
  const { body } = await server.call("/c/banks");
  for (const { name } of body as { name: string }[]) await server.call(`/c/bank/${name}`, { method: "DELETE" });
  for (const [name, matches] of Object.entries(banks)) {
    expect((await server.call("/c/banks", { json: { name } })).status).toBe(201);
    for (const [turn, { distance }] of matches.entries()) {
      const pdq = away(hash, Number(distance), turn);
      const added = await server.call(`/c/bank/${name}/signal`, { json: { pdq } });
      expect(added.status, added.text).toBe(200);
    }
  }
}

const distances = (banks: ByBank): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(banks).map(([name, list]) => [name, list.map(({ distance }) => distance).toSorted()]),
  );

/** Numbers that are all different. */
function expectIds(ids: readonly number[]): void {
  expect(ids.every((id) => Number.isInteger(id) && id > 0)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
}

function expectSameAnswer(answer: Answer, { status, contentType }: Recorded["response"]): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers.get("content-type")?.split(";")[0]).toBe(contentType.split(";")[0]);
}

const isStale = ({ response }: Recorded): boolean => response.body === "INDEX-STALE";
const isRaw = ({ request }: Recorded): boolean => request.uri.startsWith("/m/raw_lookup");
const isLookup = ({ request }: Recorded): boolean => request.uri.startsWith("/m/lookup");
const queried = (uri: string): string => /[?&]signal=([0-9a-f]{64})/.exec(uri)?.[1] ?? imageHash;

test("there are as many cases as were recorded", () => {
  expect(cases.length).toBeGreaterThan(45);
});

describe("lookups", () => {
  test.each(cases.filter(isLookup))("$case", async (recorded) => {
    const { uri } = recorded.request;
    const answered = recorded.response.body as ByBank | { pdq: ByBank };
    const flat = uri.includes("signal=");
    const banks = (flat ? answered : (answered as { pdq: ByBank }).pdq) as ByBank;
    await prepare(queried(uri), banks);
    const answer = await send(recorded.request);
    expectSameAnswer(answer, recorded.response);
    const found = (flat ? answer.body : (answer.body as { pdq: ByBank }).pdq) as ByBank;
    if (!flat) expect(Object.keys(answer.body as object)).toEqual(["pdq"]);
    expect(distances(found)).toEqual(distances(banks));
    expect(
      Object.values(found)
        .flat()
        .every(({ distance }) => typeof distance === "string"),
    ).toBe(true);
    expectIds(Object.values(found).flatMap((list) => list.map((match) => match.bank_content_id)));
  });
});

describe("raw lookups", () => {
  test.each(cases.filter(isRaw))("$case", async (recorded) => {
    const { matches } = recorded.response.body as { matches: (number | { distance: string })[] };
    const near = matches.map((match) => ({
      bank_content_id: 0,
      distance: typeof match === "number" ? "26" : match.distance,
    }));
    await prepare(queried(recorded.request.uri), { BANK: near });
    const answer = await send(recorded.request);
    expectSameAnswer(answer, recorded.response);
    const found = (answer.body as { matches: unknown[] }).matches;
    expect(found).toHaveLength(matches.length);
    expect(found.map(shape)).toEqual(matches.map(shape));
  });
});

describe("everything else", () => {
  const others = cases.filter((one) => !isStale(one) && !isRaw(one) && !isLookup(one));

  test.each(others)("$case", async (recorded) => {
    const { uri } = recorded.request;
    const { body } = recorded.response;
    await prepare(
      someHash("unrelated"),
      uri.includes("/content") || recorded.case.includes("already_exists") ? { TEST_BANK: [] } : {},
    );
    await server.call("/c/exchange/NEW_BANK_NAME", { method: "DELETE" });
    if (uri === "/c/exchange/NEW_BANK_NAME") {
      await server.call("/c/exchanges", { json: { api: "sample", bank: "NEW_BANK_NAME", api_json: {} } });
    }
    const answer = await send(recorded.request);
    expectSameAnswer(answer, recorded.response);
    if (typeof body === "string") {
      expect(answer.text).toBe(body);
      return;
    }
    if (Array.isArray(body)) {
      expect(answer.body).toEqual(expect.arrayContaining(body));
      return;
    }
    expect(shape(answer.body)).toEqual(shape(body));
    // What has no number and no hash in it is the same to the letter.
    const varies = JSON.stringify(body).includes("pdq");
    if (!varies) expect(answer.body).toEqual(body);
  });
});

test.each(cases.filter(isStale))("$case", async (recorded) => {
  let now = Date.now();
  const old = await testServer({ staleHours: 24 }, { now: () => now });
  try {
    await old.call("/c/banks", { json: { name: "BANK" } });
    await old.call("/c/bank/BANK/signal", { json: { pdq: someHash("known") } });
    expect((await old.call("/status")).text).toBe("I-AM-ALIVE");
    now += 25 * 3_600_000;
    const answer = await send(recorded.request, old);
    expectSameAnswer(answer, recorded.response);
    expect(answer.text).toBe(recorded.response.body);
  } finally {
    await old.end();
  }
});
