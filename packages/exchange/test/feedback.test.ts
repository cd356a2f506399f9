/** What analysts say goes back, once, and visibly. Submissions are shown before they are sent. */
import { type BankStore, Matcher } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { baseOf } from "../src/clients/kinds.ts";
import { Ncmec, ncmecEnvironments } from "../src/clients/ncmec.ts";
import { StopNcii } from "../src/clients/stopncii.ts";
import { HttpClient } from "../src/http/http-client.ts";
import { collectFeedback } from "../src/outbox/collect.ts";
import { outboxOf } from "../src/outbox/outbox.ts";
import { sendOutbox, type SendResult } from "../src/outbox/send.ts";
import { collectSubmissions } from "../src/outbox/submissions.ts";
import { runSource } from "../src/run/run-source.ts";
import { NcmecSimulator } from "../src/simulators/ncmec.ts";
import { StopNciiSimulator } from "../src/simulators/stopncii.ts";
import { after, from, hash, md5, newStore, type TestEnvironment, testEnvironment } from "./support.ts";

let environment: TestEnvironment;
let store: BankStore;
beforeEach(async () => {
  environment = testEnvironment();
  store = await newStore();
});
const now = (): number => Math.floor(environment.time / 1000);

/** Says something of the entry with this hash. */
function qualify(i: number, labels: string[]): void {
  const matcher = new Matcher(store);
  const decision = matcher.check({ hash: hash(i), quality: 100, stable: true });
  matcher.qualify(decision, {
    labels: labels.map((label) => ({ scheme: label.split(":")[0]!, code: label.split(":")[1]! })),
    by: "ada",
  });
}
function http(base: string): HttpClient {
  const client = new HttpClient({ base, environment });
  after(() => client.close());
  return client;
}

describe("StopNCII", () => {
  let simulator: StopNciiSimulator;
  let client: StopNcii;
  beforeEach(async () => {
    const keys = { functionsKey: "key", subscriptionKey: "key" };
    simulator = new StopNciiSimulator({ ...keys, now });
    const base = await simulator.listen();
    after(() => simulator.close());
    client = new StopNcii({ http: http(base), environment, ...keys, feedbackKey: "key", submitKey: "key" });
    for (let i = 0; i < 4; i++) simulator.put(hash(i));
    await runSource(store, from, client, { environment });
  });
  const send = (dryRun = false): Promise<SendResult> => sendOutbox(store, from, client, { environment, dryRun });
  const states = (): string[] => outboxOf(store, from).map(({ state }) => state);

  test("verdicts are sent once, and again only where they change", async () => {
    qualify(0, ["iwf:A"]);
    qualify(1, []);
    qualify(2, ["verdict:pending"]);
    expect(collectFeedback(store, from, environment)).toBe(3);
    expect(await send(true)).toMatchObject({ pending: 3, sent: 0 });
    expect(simulator.feedback).toEqual([]);
    expect(await send()).toMatchObject({ pending: 0, sent: 3, refused: 0 });
    const sent = (): string[][] => simulator.feedback.map(({ hashValue, feedbackValue }) => [hashValue, feedbackValue]);
    expect(sent().sort()).toEqual(
      [
        [hash(0), "Blocked"],
        [hash(1), "NotBlocked"],
        [hash(2), "PendingReview"],
      ].sort(),
    );
    expect(collectFeedback(store, from, environment)).toBe(0);
    await send();
    expect(simulator.feedback).toHaveLength(3);
    qualify(2, ["iwf:B"]);
    qualify(2, ["iwf:A"]);
    expect(collectFeedback(store, from, environment)).toBe(1);
    await send();
    expect(sent().at(-1)).toEqual([hash(2), "Blocked"]);
    expect(simulator.feedback).toHaveLength(4);
    expect(JSON.stringify(store.memos(""))).not.toContain(hash(0).slice(0, 16));
  });

  test("what was said is taken back, and of what nobody has heard nothing is sent", async () => {
    for (const i of [0, 1]) qualify(i, ["iwf:A"]);
    collectFeedback(store, from, environment);
    qualify(1, ["verdict:none"]);
    qualify(2, ["verdict:none"]);
    expect(collectFeedback(store, from, environment)).toBe(0);
    expect(await send()).toMatchObject({ pending: 0, sent: 1 });
    qualify(0, ["verdict:none"]);
    expect(collectFeedback(store, from, environment)).toBe(1);
    await send();
    await send();
    expect(simulator.feedback.map(({ hashValue, feedbackValue }) => [hashValue, feedbackValue])).toEqual([
      [hash(0), "Blocked"],
      [hash(0), "None"],
    ]);
  });

  test("what cannot be sent now stays, and what is refused says why", async () => {
    qualify(0, ["iwf:A"]);
    qualify(1, ["iwf:A"]);
    collectFeedback(store, from, environment);
    simulator.fault = () => "error";
    expect(await send()).toMatchObject({ pending: 2 });
    expect(
      outboxOf(store, from)
        .map(({ tries }) => tries)
        .sort(),
    ).toEqual([0, 1]);
    simulator.fault = () => "expired";
    expect(await send()).toMatchObject({ refused: 2 });
    expect(outboxOf(store, from)[0]!.reason).toContain("status 400");
  });

  test("of an entry that was withdrawn meanwhile nothing is sent", async () => {
    qualify(0, ["iwf:A"]);
    collectFeedback(store, from, environment);
    environment.time += 10_000;
    simulator.put(hash(0), { hashStatus: "Withdrawn" });
    await runSource(store, from, client, { environment });
    expect(await send()).toMatchObject({ refused: 1 });
    expect(outboxOf(store, from)[0]!.reason).toBe("the entry is withdrawn");
    expect(simulator.feedback).toEqual([]);
  });

  test("what was said of another source's entries stays here", async () => {
    await store.import({ ...from, source: "own" }, [{ id: "a", signals: [{ type: "pdq", value: hash(9) }] }]);
    qualify(9, ["iwf:A"]);
    expect(collectFeedback(store, from, environment)).toBe(0);
    expect(states()).toEqual([]);
  });

  test("entries of our own are submitted once", async () => {
    const own = { ...from, source: "own" };
    const entry = (i: number) => ({
      id: `own-${i}`,
      signals: [{ type: "pdq" as const, value: hash(i) }],
      time: 1_700_000_000_000,
    });
    await store.import(own, [
      entry(20),
      entry(21),
      { ...entry(22), signals: [{ type: "pdq", value: "0".repeat(64) }] },
    ]);
    expect(collectSubmissions(store, own, from, environment)).toBe(2);
    await send(true);
    expect(simulator.submitted).toEqual([]);
    await send();
    expect(collectSubmissions(store, own, from, environment)).toBe(0);
    await send();
    expect(simulator.submitted).toMatchObject(
      [20, 21].map((i) => ({ signalType: "ImagePDQ", hashValue: hash(i), lastModtimestamp: 1_700_000_000 })),
    );
  });
});

test("NCMEC: a reason that it does not have is refused before anything is sent, and those that it has are named", async () => {
  const login = { user: "user", password: "password" };
  const simulator = new NcmecSimulator({ ...login, now });
  const base = await simulator.listen();
  after(() => simulator.close());
  const negativeReason = "00000000-0000-0000-0000-000000000000";
  const client = new Ncmec({ http: http(base), environment, ...login, negativeReason });
  simulator.put("0", { fingerprints: { pdq: hash(0), md5: md5(0) } });
  environment.time += 60_000;
  await runSource(store, from, client, { environment });
  qualify(0, []);
  collectFeedback(store, from, environment);
  expect(await sendOutbox(store, from, client, { environment })).toMatchObject({ refused: 1 });
  expect(outboxOf(store, from)[0]!.reason).toContain("01234567-abcd-0123-4567-012345678900 (Viewpoint)");
  expect(simulator.feedback.size).toBe(0);
});

test.each(Object.entries(ncmecEnvironments))("NCMEC: the environment %s is at %s", (environmentName, address) => {
  const settings = { kind: "ncmec" as const, secrets: {}, options: { environment: environmentName } };
  expect(baseOf(settings)).toBe(address);
  expect(new URL(address).protocol).toBe("https:");
  const twin = environmentName.endsWith("-test") ? environmentName.slice(0, -5) : `${environmentName}-test`;
  expect(Object.keys(ncmecEnvironments)).toContain(twin);
});

test("NCMEC: affirmative and negative feedback by member, entry and type", async () => {
  const login = { user: "user", password: "password" };
  const simulator = new NcmecSimulator({ ...login, now });
  const base = await simulator.listen();
  after(() => simulator.close());
  const [guid] = [...simulator.reasons.keys()];
  const client = new Ncmec({ http: http(base), environment, ...login, negativeReason: guid! });
  for (let i = 0; i < 3; i++) simulator.put(String(i), { fingerprints: { pdq: hash(i) } });
  environment.time += 60_000;
  await runSource(store, from, client, { environment });
  qualify(0, ["iwf:A"]);
  qualify(1, []);
  qualify(2, ["verdict:pending"]);
  collectFeedback(store, from, environment);
  expect(await sendOutbox(store, from, client, { environment })).toMatchObject({ sent: 2, refused: 1 });
  expect([...simulator.feedback]).toEqual([
    ["42/0/PDQ", "affirmative"],
    ["42/1/PDQ", guid],
  ]);
});
