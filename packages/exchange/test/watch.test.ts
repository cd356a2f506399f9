/** The watch: a host with pages of many kinds, judged without a wrong "gone" and without a wrong "there". */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { hashImage } from "empreinte";
import { BankStore } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { watchCommand } from "../src/commands/watch.ts";
import { addWatch, type WatchRecord, watched } from "../src/watch/items.ts";
import { mediaOf } from "../src/watch/page-media.ts";
import { similarity, textOf, wordsOf } from "../src/watch/page-text.ts";
import { watchCsv, watchReport } from "../src/watch/report.ts";
import { watchPage } from "../src/watch/report-page.ts";
import { readRobots } from "../src/watch/robots.ts";
import { runWatch, type WatchOptions } from "../src/watch/run-watch.ts";
import { after, folder, from, image, newStore, testEnvironment } from "./support.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const html =
  (body: string, status = 200): Answer =>
  (_, response) =>
    response.writeHead(status, { "content-type": "text/html" }).end(`<!doctype html><title>Host</title>${body}`);
const text = (seed: number): string =>
  Array.from(
    { length: 60 },
    (_, i) => `word${String.fromCharCode(97 + ((seed + i) % 26))}${String.fromCharCode(97 + ((seed * i) % 26))}`,
  ).join(" ");

let store: BankStore;
let origin: string;
let pages: Map<string, Answer>;
/** What the host has for what is missing. */
let missing: Answer;
let arrived: { at: number; path: string }[];
const environment = testEnvironment();

beforeEach(async () => {
  store = await newStore();
  pages = new Map();
  missing = html("<h1>Not found</h1>", 404);
  arrived = [];
  const server = createServer((request, response) => {
    arrived.push({ at: environment.time, path: request.url! });
    (pages.get(request.url!.split("?")[0]!) ?? missing)(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  after(() => server.close());
  after(() => server.closeAllConnections());
});

const file =
  (bytes: Buffer, type = "image/jpeg"): Answer =>
  (_, response) =>
    response.writeHead(200, { "content-type": type }).end(bytes);
/** A page whose type its host does not state. */
const untyped =
  (body: string): Answer =>
  (_, response) =>
    response.writeHead(200).end(body);
const redirect =
  (location: string): Answer =>
  (_, response) =>
    response.writeHead(302, { location }).end();

async function known(seed: number): Promise<number> {
  const { hash, quality } = await hashImage(await image(seed, "png", 640));
  await store.import(from, [{ id: `e${seed}`, signals: [{ type: "pdq", value: hash, quality }] }]);
  return [...store.entries(from)].find(({ entryId }) => entryId === `e${seed}`)!.entryNumber;
}
const watch = (path: string, entryNumber?: number): string =>
  addWatch(
    store,
    { address: `${origin}${path}`, case: `case ${path}`, ...(entryNumber !== undefined && { entryNumber }) },
    environment.time,
  ).id;
const run = (more: WatchOptions = {}): Promise<number> =>
  runWatch(store, { environment, allow: ["127.0.0.1"], pauseSeconds: 1, ...more });
const record = (id: string): WatchRecord => watched(store).find(({ item }) => item.id === id)!;
const state = (id: string): string => record(id).history.at(-1)!.state;
const reason = (id: string): string => record(id).history.at(-1)!.reason;

test("pages of many kinds are judged as they are", async () => {
  const entry = await known(1);
  const [same, other] = [await image(1), await image(2)];
  for (const folder of ["/deep", "/w_1,h_2"]) pages.set(`${folder}/same.jpg`, file(same));
  pages.set("/w_1,h_2/other.jpg", file(other));
  pages.set("/same.jpg", file(same)).set("/small.webp", file(await image(1, "webp", 200), "image/webp"));
  pages.set("/other.jpg", file(other)).set("/broken.jpg", file(same.subarray(0, 40)));
  const expected: [path: string, answer: Answer | undefined, state: string][] = [
    ["/same.jpg", undefined, "there"],
    ["/small.webp", undefined, "there"],
    ["/other.jpg", undefined, "unchanged"],
    ["/broken.jpg", undefined, "unchanged"],
    ["/page-with", html(`${text(1)}<img src="/same.jpg">`), "there"],
    ["/page-og", html(`<meta property="og:image" content="${origin}/small.webp">${text(2)}`), "there"],
    ["/page-lazy", html(`<img data-src='/same.jpg'>${text(3)}`), "there"],
    ["/page-srcset", html(`<img srcset="/other.jpg 1x, /same.jpg 2x">${text(4)}`), "there"],
    ["/page-commas", html(`<img srcset="/w_1,h_2/other.jpg 1x, /w_1,h_2/same.jpg 2x">${text(10)}`), "there"],
    ["/page-base", html(`<base href="/deep/"><img src="same.jpg">${text(11)}`), "there"],
    ["/page-style", html(`<div style="background: url(&quot;/same.jpg?1&quot;)">${text(12)}</div>`), "there"],
    ["/page-object", html(`<object data="/same.jpg" type="image/jpeg"></object>${text(13)}`), "there"],
    ["/page-inside", html(`<img src="data:image/jpeg;base64,${same.toString("base64")}">${text(14)}`), "there"],
    ["/page-inside-other", html(`<img src="data:image/jpeg;base64,${other.toString("base64")}">`), "unchanged"],
    ["/page-untyped", untyped(`<!doctype html><img src="/same.jpg">${text(15)}`), "there"],
    ["/page-without", html(`<img src="/other.jpg">${text(5)}`), "unchanged"],
    ["/page-words", html(`<p>This page is about content that was not found elsewhere.</p>${text(6)}`), "unchanged"],
    ["/never-was", undefined, "gone"],
    ["/410", html("gone", 410), "gone"],
    ["/451", html("gone", 451), "gone"],
    ["/500", html("trouble", 500), "unreachable"],
    ["/403", html("no", 403), "unreachable"],
    ["/429", html("later", 429), "unreachable"],
    ["/home", redirect("/"), "gone"],
    ["/to-notice", redirect("/content-removed"), "gone"],
    ["/moved", redirect("/page-with"), "there"],
    ["/moved-other", redirect("/page-without"), "unchanged"],
    ["/outside", redirect("http://10.0.0.1/"), "unreachable"],
    ["/reset", (request) => request.socket.destroy(), "unreachable"],
  ];
  pages.set("/", html(`Welcome ${text(9)}`)).set("/content-removed", html("This was removed on request of somebody."));
  const ids = expected.map(([path, answer]) => {
    if (answer !== undefined) pages.set(path, answer);
    return watch(path, entry);
  });
  expect(await run()).toBe(expected.length);
  expect(ids.map((id, i) => [expected[i]![0], state(id)])).toEqual(expected.map(([path, , wanted]) => [path, wanted]));
});

test("another entry's image is not this one, and without an entry any known image counts", async () => {
  const first = await known(1);
  await known(2);
  pages.set("/a.jpg", file(await image(2)));
  const [asFirst, asAny] = [watch("/a.jpg", first), watch("/a.jpg")];
  await run();
  expect([state(asFirst), state(asAny)]).toEqual(["unchanged", "there"]);
});

describe("a host with status 200 for everything", () => {
  test("its page for what is missing is recognized, with another name in it", async () => {
    missing = (request, response) =>
      html(`<h1>Sorry</h1> There is nothing called ${request.url} here. ${text(7)}`)(request, response);
    pages.set("/a", html(text(1)));
    const [page, never] = [watch("/a"), watch("/never")];
    await run();
    expect([state(page), state(never)]).toEqual(["unchanged", "gone"]);
    pages.delete("/a");
    await run();
    expect(state(page)).toBe("gone");
  });

  test("one frame for all pages says nothing", async () => {
    missing = html(`<div id="app"></div><script>start()</script>`);
    const id = watch("/a");
    await run();
    expect([state(id), reason(id)]).toEqual(["unclear", "the host has the same page for everything"]);
  });

  test("a redirect to where missing pages lead is recognized", async () => {
    missing = redirect("/start");
    pages.set("/start", html(`Start here ${text(3)}`)).set("/a", html(text(1)));
    const [page, never] = [watch("/a"), watch("/never")];
    await run();
    expect([state(page), state(never)]).toEqual(["unchanged", "gone"]);
  });
});

test("states over time: an image that goes, comes back, and becomes another", async () => {
  const entry = await known(1);
  const [same, other] = [await image(1), await image(2)];
  const id = watch("/a", entry);
  const page = html(`${text(1)}<img src="/x.jpg">`);
  const steps: [Answer | undefined, Buffer | undefined, string][] = [
    [page, same, "there"],
    [page, same, "there"],
    [page, undefined, "changed"],
    [undefined, undefined, "gone"],
    [page, same, "there"],
    [page, other, "changed"],
    [html("all else is here now " + text(8)), undefined, "changed"],
  ];
  for (const [answer, bytes, wanted] of steps) {
    if (answer) pages.set("/a", answer);
    else pages.delete("/a");
    if (bytes) pages.set("/x.jpg", file(bytes));
    else pages.delete("/x.jpg");
    environment.time += 3_600_000;
    await run();
    expect(state(id)).toBe(wanted);
  }
  expect(record(id)).toMatchObject({ checks: 7 });
  expect(record(id).history.map((one) => one.state)).toEqual(["there", "changed", "gone", "there", "changed"]);
  const [row] = watchReport(watched(store), environment.time).items;
  expect(row).toMatchObject({ hoursToRemoval: 4, withinDeadline: true, returns: 1 });
});

test("a file is requested with a condition, and not modified means as before", async () => {
  const entry = await known(1);
  const bytes = await image(1);
  let sent = 0;
  pages.set("/a.jpg", ({ headers }, response) => {
    if (headers["if-none-match"] === '"1"') return void response.writeHead(304).end();
    sent++;
    response.writeHead(200, { "content-type": "image/jpeg", etag: '"1"' }).end(bytes);
  });
  const id = watch("/a.jpg", entry);
  await run();
  await run();
  expect([sent, state(id), record(id).checks]).toEqual([1, "there", 2]);
});

test("no host gets requests faster than it allows, and disallowed pages are not fetched", async () => {
  pages.set("/robots.txt", (_, response) => response.end("User-agent: *\nCrawl-delay: 7\nDisallow: /private\n"));
  const ids = ["/private/a", "/b", "/c"].map((path) => {
    pages.set(path, html(text(1)));
    return watch(path);
  });
  await run();
  expect(ids.map(state)).toEqual(["disallowed", "unchanged", "unchanged"]);
  expect(arrived.some(({ path }) => path.startsWith("/private/a"))).toBe(false);
  // The first pause is ours: only the file says that the host wants a longer one.
  const gaps = arrived.slice(1).map(({ at }, i) => at - arrived[i]!.at);
  expect(gaps[0]).toBeGreaterThanOrEqual(1000);
  expect(gaps.slice(1).every((gap) => gap >= 7000)).toBe(true);
});

test("no memo has a hash or any part of an image", async () => {
  const entry = await known(1);
  pages.set("/a.jpg", file(await image(1)));
  watch("/a.jpg", entry);
  await run();
  const { signals } = store.entry({ entryNumber: entry })!;
  expect(JSON.stringify(store.memos(""))).not.toContain(signals[0]!.value.slice(0, 16));
  expect(JSON.stringify(store.memos("watch/")).length).toBeLessThan(1000);
});

describe("the report", () => {
  const hour = 3_600_000;
  const at = Date.UTC(2026, 5, 1);
  const item = (id: string, host: string, hours: [number, "there" | "gone" | "unreachable"][]): WatchRecord => ({
    item: { id, address: `https://${host}/${id}`, case: `=case "${id}"`, since: at, deadlineHours: 48 },
    history: hours.map(([after, what]) => ({ at: at + after * hour, state: what, reason: "<b>" })),
    checks: hours.length,
  });
  const records = [
    item("a", "one.example", [
      [1, "there"],
      [10, "gone"],
    ]),
    item("b", "one.example", [
      [1, "there"],
      [60, "gone"],
      [70, "unreachable"],
      [80, "there"],
    ]),
    item("c", "one.example", [[1, "there"]]),
    item("d", "two.example", [
      [20, "gone"],
      [30, "unreachable"],
      [40, "gone"],
    ]),
  ];

  test("counts removals, deadlines and returns", () => {
    const { hosts, items } = watchReport(records, at + 100 * hour);
    expect(hosts).toEqual([
      { host: "one.example", items: 3, gone: 1, withinDeadline: 1 / 3, medianHours: 35, returns: 1 },
      { host: "two.example", items: 1, gone: 1, withinDeadline: 1, medianHours: 20, returns: 0 },
    ]);
    expect(items.map(({ withinDeadline }) => withinDeadline)).toEqual([true, false, false, true]);
    expect(watchReport(records, at + 40 * hour).items[2]!.withinDeadline).toBeUndefined();
  });

  test("is CSV without formulas, and a page without links, scripts or addresses", () => {
    const report = watchReport(records, at + 100 * hour);
    const csv = watchCsv(report);
    expect(csv.split("\r\n")).toHaveLength(6);
    expect(csv).toContain(`"'=case ""a"""`);
    const page = watchPage(report);
    expect(page).not.toMatch(/<script|<a |href=|src=|https?:\/\/(?!www\.w3)|<b>/);
    expect(page).toContain("one.example");
    expect(page.match(/<svg/g)).toHaveLength(3);
  });
});

test("a page is read in the encoding that its mark, its headers or it itself states", () => {
  const russian = Buffer.from([0xcd, 0xe5, 0xf2]); // "Нет" in windows-1251
  const meta = Buffer.concat([Buffer.from("<meta charset=windows-1251>"), russian]);
  expect(wordsOf(textOf(russian, "text/html; charset=windows-1251"))).toEqual(["нет"]);
  expect(wordsOf(textOf(meta, "text/html"))).toEqual(["нет"]);
  expect(wordsOf(textOf(meta, "text/html; charset=utf-8"))).toEqual([]);
  expect(wordsOf(textOf(Buffer.from("Нет"), "text/html; charset=nothing"))).toEqual(["нет"]);
  expect(wordsOf(textOf(Buffer.from("\ufeffНет", "utf16le"), "text/html; charset=utf-8"))).toEqual(["нет"]);
});

test("words, images and robots.txt are read as they are written", () => {
  expect(wordsOf("<p>Caf&eacute; &amp; <b>Bar</b> 12:30</p><script>no()</script><!-- no -->")).toEqual([
    "caf",
    "eacute",
    "bar",
    "0",
    "0",
  ]);
  expect(similarity(wordsOf("a b c d e"), wordsOf("a b c d e"))).toBe(1);
  expect(similarity(wordsOf("a b c d e"), wordsOf("v w x y z"))).toBe(0);
  const page = `<img src="a.png"><img src='//x.example/b.png'><img src=data:image/png,x><a href="c.jpg">c</a><a href="d.html">`;
  expect(mediaOf(page, "https://host.example/dir/", 9)).toEqual([
    "https://host.example/dir/a.png",
    "https://x.example/b.png",
    "https://host.example/dir/c.jpg",
  ]);
  expect(
    mediaOf(`<img srcset="a,b.jpg,c.jpg 2x, d.jpg,, e.jpg"><style>p{background:url( 'f.png' )}`, "http://h/", 9),
  ).toEqual(["a,b.jpg,c.jpg", "d.jpg", "e.jpg", "f.png"].map((name) => `http://h/${name}`));
  const rules = readRobots(
    "User-agent: a\nDisallow: /\n\nUser-agent: *\nDisallow: /x*.gif$\nDisallow: /dir\nAllow: /dir/open # yes\n",
    "b",
  );
  expect(["/", "/x/1.gif", "/x/1.gif?", "/dir/a", "/dir/open/a"].map(rules.allows)).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
  expect(readRobots("User-agent: empreinte-watch\nDisallow: /", "empreinte-watch").allows("/a")).toBe(false);
  expect(readRobots("Disallow: /", "a").allows("/a")).toBe(true);
});

test("the command adds, checks, reports and removes", async () => {
  const path = join(folder(), "known.bank");
  await (await BankStore.create(path)).close();
  pages.set("/a", html(text(1)));
  const command = async (...args: string[]): Promise<{ status: number; out: string }> => {
    let out = "";
    const write = (part: string): unknown => (out += part);
    const status = await watchCommand(args, { write, warn: write, stop: new AbortController().signal });
    return { status, out };
  };
  const added = await command(
    "add",
    path,
    "--address",
    `${origin}/a`,
    "--case",
    "2026-7",
    "--since",
    "2026-01-01T00:00Z",
  );
  const id = added.out.trim();
  expect(await command("run", path, "--allow", "127.0.0.1", "--pause", "0")).toEqual({
    status: 1,
    out: "1 addresses checked\n",
  });
  expect((await command("report", path)).out).toMatch(/unchanged +deadline passed/);
  for (const format of ["json", "csv", "html"])
    expect((await command("report", path, "--format", format)).out).toContain("2026-7");
  expect(await command("remove", path, id)).toMatchObject({ status: 0 });
  expect(await command("remove", path, id)).toMatchObject({ status: 2 });
  expect(await command("add", path, "--address", "ftp://example.org", "--case", "a")).toMatchObject({ status: 2 });
  const local = ["--address", origin, "--case", "a", "--since", "2026-01-01T00:00"];
  expect((await command("add", path, ...local)).out).toContain("a time with its zone");
});
