/** The command, the settings, the secrets and the schedule. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { exchangeCommand } from "../src/commands/exchange.ts";
import { isRetriedStatus, pauseBefore, retryAfter } from "../src/http/retry.ts";
import { runSchedule } from "../src/run/schedule.ts";
import { addSource } from "../src/run/sources.ts";
import { conditionOf, noStatus } from "../src/run/status.ts";
import { readSecret } from "../src/secrets.ts";
import { after, code, folder, from, hash, matching, newStore, testEnvironment } from "./support.ts";

let path: string;
let lists: string;
beforeEach(async () => {
  const place = folder();
  path = join(place, "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: from.bank });
  await store.close();
  lists = folder();
  writeFileSync(join(lists, "a.txt"), `${hash(1)}\n${hash(2)}\n`);
});

interface Ran {
  status: number;
  out: string;
  err: string;
}
async function command(...args: string[]): Promise<Ran> {
  const ran: Ran = { status: -1, out: "", err: "" };
  const stop = new AbortController();
  ran.status = await exchangeCommand(args, {
    write: (text) => (ran.out += text),
    warn: (text) => (ran.err += text),
    stop: stop.signal,
  });
  return ran;
}
/** What the store says of its sources to whoever serves it. */
async function reports(): Promise<ReturnType<BankStore["sourceReports"]>> {
  const store = await BankStore.open(path);
  try {
    return store.sourceReports();
  } finally {
    await store.close();
  }
}
const named = ["--bank", from.bank, "--source", from.source];

test("add, run, status and remove", async () => {
  expect(await command("add", path, ...named, "--kind", "lists", "--base", lists)).toMatchObject({ status: 0 });
  expect((await command("status", path)).out).toContain("ncii/exchange (lists): new, never complete");
  expect(await command("run", path)).toMatchObject({
    status: 0,
    out: expect.stringContaining("2 added"),
  });
  const [status] = JSON.parse((await command("status", path, "--json")).out) as { condition: string; added: number }[];
  expect(status).toMatchObject({ condition: "current", added: 2 });
  expect(await reports()).toEqual([{ ...from, stale: false, currentAt: expect.any(Date) as Date }]);
  // A run that finds nothing new says so, too.
  const before = Date.now();
  await command("run", path);
  expect((await reports())[0]!.currentAt!.getTime()).toBeGreaterThanOrEqual(before);
  expect(await command("remove", path, ...named)).toMatchObject({ status: 0 });
  expect(await reports()).toEqual([]);
  expect((await command("status", path)).out).toBe("");
  expect((await command("run", path, ...named)).err).toContain("No source ncii/exchange is fetched");
});

test("a source that fails is reported, and retried", async () => {
  await command("add", path, ...named, "--kind", "lists", "--base", lists);
  writeFileSync(join(lists, "a.txt"), '{"hashRecords":[{"signalType"');
  expect(await command("run", path)).toMatchObject({
    status: 1,
    err: expect.stringContaining("ERR_EMPREINTE_EXCHANGE_PAGE"),
  });
  expect(await command("status", path)).toMatchObject({
    status: 1,
    out: expect.stringContaining("stale"),
  });
  const stopped = expect.stringContaining("cannot be used") as string;
  expect(await reports()).toEqual([{ ...from, stale: true, stopped }]);
  writeFileSync(join(lists, "a.txt"), `${hash(1)}\n`);
  expect(await command("retry", path)).toMatchObject({ status: 0 });
  expect(await command("status", path)).toMatchObject({
    status: 0,
    out: expect.stringContaining("current"),
  });
});

test("going past a place is kept with its name and reason", async () => {
  const secrets = ["--secret", "functions-key=env:A", "--secret", "subscription-key=env:B"];
  await command("add", path, ...named, "--kind", "stopncii", ...secrets);
  const skip = ["skip", path, ...named, "--to", "2026-01-02T03:04:05Z", "--by", "ada", "--reason", "cut off"];
  expect(await command(...skip)).toMatchObject({ status: 0 });
  expect((await command("status", path)).out).toContain("ada went past to 2026-01-02T03:04:05.000Z");
  const store = await BankStore.open(path);
  after(() => store.close());
  expect(JSON.parse(store.importCursor(from)!)).toMatchObject({
    checkpoint: "1767323045",
  });
  expect(store.audit().filter(({ what }) => what === "act")).toMatchObject([
    {
      who: "exchange",
      detail: { act: "skip", ...from, to: "2026-01-02T03:04:05.000Z", by: "ada", reason: "cut off" },
    },
  ]);
});

test.each([
  [["add"], "STORE"],
  [["nothing"], "the command"],
  [["add", "PATH", "--bank", "none", "--source", "a", "--kind", "lists", "--base", "/"], "There is no bank none"],
  [["add", "PATH", ...named, "--kind", "stopncii", "--secret", "functions-key=hunter2"], "secret subscription-key"],
  [["add", "PATH", ...named, "--kind", "lists", "--base", "http://u:p@example.org/"], "base"],
  [["skip", "PATH", ...named, "--to", "2026-03-29T01:00", "--by", "ada", "--reason", "a"], "a time with its zone"],
  [["add", "PATH", ...named, "--kind", "lists", "--base", "/x", "--interval", "1"], "interval"],
  [["add", "PATH", ...named, "--kind", "lists", "--base", "/x", "--option", "a=b"], "option"],
  [["add", "PATH", ...named, "--kind", "ncmec", "--secret", "user=env:A", "--secret", "password=env:B"], "environment"],
  [["run", "PATH", "--nothing"], "known options"],
  [["simulate", "nothing"], "stopncii, ncmec, threatexchange, tech-against-terrorism, arachnid-shield, host"],
  [["simulate", "ncmec", "--fault", "truncated=often"], "truncated=SHARE, a number above 0 and at most 1"],
  [["simulate", "ncmec", "--fault", "cut=0.1"], "truncated=SHARE, reset=SHARE"],
  [["skip", "PATH", ...named, "--to", "2026-01-01", "--by", "a", "--reason", "b"], "No source"],
])("%j is refused by name", async (args, reason) => {
  const { status, err } = await command(...args.map((one) => (one === "PATH" ? path : one)));
  expect(status).toBe(2);
  expect(err).toContain(reason);
});

describe("a secret", () => {
  test("in the place of where it is, is refused and not repeated", async () => {
    const secrets = ["--secret", "functions-key=hunter2", "--secret", "subscription-key=env:B"];
    const { status, err } = await command("add", path, ...named, "--kind", "stopncii", ...secrets);
    expect(status).toBe(2);
    expect(err).toContain("functions-key");
    expect(err).not.toContain("hunter2");
  });

  test("comes from a file, the environment or systemd's credentials", async () => {
    const place = folder();
    writeFileSync(join(place, "key"), "from a file\n");
    execFileSync("mkfifo", [join(place, "pipe")]);
    writeFileSync(join(place, "long"), "a".repeat(2 ** 20 + 1));
    const environment = {
      ...testEnvironment(),
      variables: { KEY: "from the environment", CREDENTIALS_DIRECTORY: place },
    };
    const read = (where: string): Promise<string> => readSecret("key", where, environment);
    expect(await read(`file:${place}/key`)).toBe("from a file");
    expect(await read("env:KEY")).toBe("from the environment");
    expect(await read("credential:key")).toBe("from a file");
    for (const where of ["env:NONE", `file:${place}/none`, "credential:../key"]) {
      await expect(read(where)).rejects.toMatchObject(code("EXCHANGE_SECRET"));
    }
    for (const [where, why] of [
      [`${place}/pipe`, "named pipe"],
      ["/dev/zero", "device"],
      ["/proc/self/environ", "kernel"],
      [place, "folder"],
      [`${place}/long`, "more than 1048576 bytes"],
    ]) {
      const message = expect.stringMatching(new RegExp(`^The secret key cannot be read: .*${why}`));
      await expect(read(`file:${where}`)).rejects.toMatchObject({ ...code("EXCHANGE_SECRET"), message });
    }
    await expect(readSecret("key", "credential:key", testEnvironment())).rejects.toMatchObject(code("EXCHANGE_SECRET"));
  });
});

test("the schedule fetches each source at its interval, and sources that are added meanwhile", async () => {
  const store = await newStore();
  const environment = testEnvironment();
  const second = folder();
  writeFileSync(join(second, "b.txt"), `${hash(9)}\n`);
  const add = (source: string, base: string, intervalSeconds: number): unknown =>
    addSource(store, {
      ...from,
      source,
      kind: "lists",
      base,
      secrets: {},
      options: {},
      intervalSeconds,
    });
  add("fast", lists, 60);
  const stop = new AbortController();
  const runs: string[] = [];
  await runSchedule(store, {
    stop: stop.signal,
    environment,
    onRun: ({ source }) => {
      runs.push(source);
      if (runs.length === 2) add("slow", second, 600);
      if (runs.length === 24) stop.abort();
    },
  });
  // Twenty minutes and more: the fast one each minute, the slow one each ten.
  const slow = runs.filter((one) => one === "slow").length;
  expect([2, 3]).toContain(slow);
  expect(runs.filter((one) => one === "fast")).toHaveLength(24 - slow);
  expect(matching(store, { ...from, source: "slow" })).toEqual([hash(9)]);
});

test("a source is stale when it stopped at a page, or has not been complete for three intervals", () => {
  const failure = {
    since: 0,
    runs: 1,
    code: "ERR_EMPREINTE_EXCHANGE_UNAVAILABLE",
    reason: "",
  };
  const page = { ...failure, code: "ERR_EMPREINTE_EXCHANGE_PAGE" };
  const of = (change: object, now: number): string => conditionOf({ ...noStatus(), ...change }, 60, now);
  expect(of({}, 1e6)).toBe("new");
  expect(of({ completeAt: 0 }, 180_000)).toBe("current");
  expect(of({ completeAt: 0 }, 180_001)).toBe("stale");
  expect(of({ completeAt: 0, failure }, 60_000)).toBe("failing");
  expect(of({ completeAt: 0, failure }, 200_000)).toBe("stale");
  expect(of({ completeAt: 0, failure: page }, 1)).toBe("stale");
});

describe("a retry", () => {
  const environment = { random: () => 0.5 };
  test("Retry-After is seconds or a date", () => {
    expect(retryAfter("120", 0)).toBe(120_000);
    expect(retryAfter("Thu, 01 Jan 1970 00:01:00 GMT", 10_000)).toBe(50_000);
    expect(retryAfter("Thu, 01 Jan 1970 00:00:01 GMT", 10_000)).toBe(0);
    expect(retryAfter("soon", 0)).toBeUndefined();
    expect(retryAfter(undefined, 0)).toBeUndefined();
  });

  test("pauses double up to a bound, also where the exchange wants a longer one", () => {
    const pause = (failures: number, said?: number): number => pauseBefore(failures, said, {}, environment);
    expect([1, 2, 3, 20].map((one) => pause(one))).toEqual([375, 750, 1500, 225_000]);
    expect(pause(1, 10_000)).toBe(10_500);
    expect(pause(1, 10_000_000)).toBe(300_000);
  });

  test("only what another try may change is tried again", () => {
    expect([408, 429, 500, 503].every(isRetriedStatus)).toBe(true);
    expect([400, 401, 403, 404, 410, 422].some(isRetriedStatus)).toBe(false);
  });
});

describe("simulate", () => {
  /** Simulates until the end of the test. Answers the address. */
  async function simulated(...args: string[]): Promise<string> {
    const stop = new AbortController();
    let say: (text: string) => void = () => undefined;
    const said = new Promise<string>((resolve) => (say = resolve));
    const ended = exchangeCommand(["simulate", ...args], {
      write: say,
      warn: say,
      stop: stop.signal,
    });
    after(async () => {
      stop.abort();
      expect(await ended).toBe(0);
    });
    return /http:[^\s;]+/.exec(await said)![0];
  }
  const secrets: Record<string, Record<string, string>> = {
    stopncii: { "functions-key": "functions", "subscription-key": "subscription" },
    ncmec: { user: "user", password: "password" },
    threatexchange: { token: "app|token" },
    "tech-against-terrorism": { user: "user", password: "password" },
  };
  test.each(Object.keys(secrets))("%s serves the command as a new user starts it", async (kind) => {
    const base = await simulated(kind, "--entries", "7");
    const more = Object.entries(secrets[kind]!).flatMap(([name, text]) => {
      const file = join(folder(), name);
      writeFileSync(file, text);
      return ["--secret", `${name}=file:${file}`];
    });
    if (kind === "threatexchange") more.push("--option", "group=1");
    expect(await command("add", path, ...named, "--kind", kind, "--base", base, ...more)).toMatchObject({ status: 0 });
    // Entries of the last seconds may still be on their way into NCMEC's list.
    const added = kind === "ncmec" ? 0 : 7;
    const { status, out, err } = await command("run", path);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toContain(`${added} added`);
  });

  test("host has a page, and one for each misbehaviour", async () => {
    const base = await simulated("host");
    expect((await fetch(`${base}/page`)).status).toBe(200);
    expect((await fetch(`${base}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${base}/redirect-private`, { redirect: "manual" })).status).toBe(302);
  });
});
