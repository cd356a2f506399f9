/** The queue without a browser: what becomes a card, who sees it, what answers come to. */
import { afterEach, describe, expect, test } from "vitest";
import { away, someHash } from "../support/hashes.ts";
import { form } from "../support/server.ts";
import { needsLongRun } from "../../../../test/support/long.ts";
import { photograph } from "../support/images.ts";
import { reviewServer, type ReviewServer } from "./support.ts";

let server: ReviewServer;
afterEach(() => server?.end());

/** What was written down of what persons did. */
const record = async (): Promise<{ who: string; what: string; detail: Record<string, unknown> }[]> => {
  const { body } = await server.call("/v1/access");
  return (body as { keys: { who: string; what: string; detail: Record<string, unknown> }[] }).keys.toReversed();
};

/** The answers count, and whatever follows is done. */
function count(): void {
  server.pass(11_000);
  server.service.review!.decideDue();
}

describe("a card", () => {
  test("is made of each upload for review, by both interfaces, and is one for near copies", async () => {
    server = await reviewServer();
    const [a, b] = [someHash("a"), someHash("b")];
    await server.bank("bank", a, b);
    await server.call("/v1/banks", { json: { name: "blocks", policy: { action: "block" } } });
    const entries = [{ id: "1", signals: [{ type: "pdq", value: someHash("c") }] }];
    await server.call("/v1/banks/blocks/sources/s/entries", { json: { entries } });
    expect(await server.check(a, "first")).toBe(1);
    expect(await server.check(someHash("nothing"))).toBe(1);
    expect(await server.check(someHash("c"))).toBe(1);
    expect(await server.check(away(a, 8), "second")).toBe(1);
    expect(await server.check(b)).toBe(2);
    // Of the same entry, but 28 bits from the first upload.
    expect(await server.check(away(a, 28))).toBe(3);
    await server.call(`/m/lookup?signal_type=pdq&signal=${b}`);
    const { cards } = server.service.review!;
    expect(cards.list("open", 10).map(({ uploads }) => uploads)).toEqual([2, 2, 1]);
    expect(cards.references(1)).toEqual(["second", "first"]);
    const sealed = server.service.state.get<[Buffer]>("SELECT sealed FROM card WHERE number = 1")![0];
    expect(sealed.toString("latin1")).not.toContain(a.slice(0, 16));
  });

  test("shows the suggestion, the banks and its age, and whole hashes nowhere", async () => {
    server = await reviewServer();
    const hash = someHash("a");
    await server.bank("bank", hash);
    await server.check(away(hash, 6));
    server.pass(3 * 3_600_000);
    const ada = server.person("ada");
    const listed = await ada.get("/review");
    for (const part of ["Card 1", "3 hours", "45 hours"]) expect(listed.text).toContain(part);
    const { text, status, headers } = await ada.get("/review/cards/1");
    expect(status).toBe(200);
    expect(text).toContain("6 of 256 bits differ");
    expect(text).toContain("the same image, nearly");
    expect(text).toContain("not available here");
    expect(text).not.toMatch(/[0-9a-f]{24}/);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
    server.pass(46 * 3_600_000);
    const again = server.person("ben");
    expect((await again.get("/review")).text).toContain("Overdue: 60 minutes");
  });

  test("has a preview of an uploaded image, sealed, until it is decided", async (ctx) => {
    needsLongRun(ctx);
    server = await reviewServer();
    const image = await photograph(5);
    const hashed = (await server.call("/h/hash", { body: form({ photo: image }) })).body as { pdq: string };
    await server.bank("bank", hashed.pdq);
    await server.call("/v1/check?reference=r1", {
      body: new Uint8Array(image),
      headers: { "content-type": "image/png" },
    });
    const ada = server.person("ada");
    expect((await ada.get("/review/cards/1")).text).toContain("preview.png");
    const preview = await ada.get("/review/cards/1/preview.png");
    expect(preview.headers.get("content-type")).toBe("image/png");
    await ada.get("/review/cards/1");
    await ada.post("/review/cards/1/answer", { answer: "none" });
    count();
    expect((await ada.get("/review/cards/1/preview.png")).status).toBe(404);
    const left = server.service.state.get("SELECT sealed, preview FROM card WHERE number = 1");
    expect(left).toEqual([null, null]);
  });

  test("is seen by nobody who may not search one of its banks, and by no visitor", async (ctx) => {
    needsLongRun(ctx);
    server = await reviewServer();
    await server.bank("one", someHash("a"));
    await server.bank("two", someHash("b"));
    await server.check(someHash("a"));
    await server.check(someHash("b"));
    const ada = server.person("ada", "review", "match:two");
    expect((await ada.get("/review")).text).not.toContain("Card 1");
    expect((await ada.get("/review")).text).toContain("Card 2");
    expect((await ada.get("/review/cards/1")).status).toBe(404);
    expect((await ada.post("/review/cards/1/answer", { answer: "none" })).status).toBe(404);
    expect((await ada.get("/review/dashboard")).status).toBe(403);
    const nobody = await server.call("/review/cards/1");
    expect([nobody.status, nobody.headers.get("location")]).toEqual([303, "/review/sign-in"]);
    expect((await server.call("/review/cards/1/preview.png")).status).toBe(401);
    expect((await server.call("/review/nothing")).status).toBe(404);
  });
});

test("a card that one has open is given to nobody else for ten minutes, and is gone with its bank", async () => {
  server = await reviewServer();
  await server.bank("one", someHash("a"));
  await server.check(someHash("a"));
  const { banks, people } = server.service;
  const review = server.service.review!;
  const person = (name: string) => people.fromIssuer("https://issuer.example.org", name, name, ["review", "match"], "");
  const [ada, eve] = [person("ada"), person("eve")];
  review.cards.claim(1, ada.id);
  server.pass(600_000);
  expect([review.next(ada)?.number, review.next(eve)]).toEqual([1, undefined]);
  server.pass(1);
  expect(review.next(eve)?.number).toBe(1);
  banks.remove("one");
  expect(() => review.card(1, ada)).toThrow(/no such card/);
  expect(review.queue(ada, 10)).toEqual([]);
});

describe("an answer", () => {
  test("counts after ten seconds, teaches the store, and may be taken back before", async () => {
    server = await reviewServer();
    const hash = someHash("a");
    await server.bank("bank", hash);
    await server.check(hash, "upload-7");
    const ada = server.person("ada");
    await ada.get("/review/cards/1");
    const wrong = await ada.post("/review/cards/1/answer", { answer: "save", label: "iwf:Z" });
    expect(wrong.status).toBe(400);
    const nothing = await ada.post("/review/cards/1/answer", { answer: "save" });
    expect(nothing.text).toContain("Choose a label first");
    const saved = await ada.post("/review/cards/1/answer", { answer: "save", label: "iwf:A" });
    expect(saved.path).toBe("/review?answered=1");
    expect(saved.text).toContain("It counts in 10 seconds");
    expect((await ada.post("/review/answers/1/undo")).text).toContain("taken back");
    await ada.post("/review/cards/1/answer", { answer: "save", label: ["iwf:A", "ncii:ncii"] });
    expect(server.service.store.qualifications({ entryNumber: 1 })).toEqual([]);
    count();
    expect((await ada.post("/review/answers/2/undo")).text).toContain("too late");
    const said = server.service.store.qualifications({ entryNumber: 1 });
    expect(said).toMatchObject([{ by: "ada", outcome: "new", labels: [{ scheme: "iwf" }, { scheme: "ncii" }] }]);
    expect(server.service.review!.cards.get(1)).toMatchObject({ state: "decided", labels: ["iwf:A", "ncii:ncii"] });
    // The next upload comes with what was said, and is confirmed with one key.
    await server.check(hash);
    const second = await ada.get("/review/cards/2");
    expect(second.text).toMatch(/iwf:A, ncii:ncii<\/strong>, by the analyst ada/);
    await ada.post("/review/cards/2/answer", { answer: "confirm" });
    count();
    expect(server.service.store.qualifications({ entryNumber: 1 })[1]).toMatchObject({ outcome: "confirmed" });
    const whats = (await record()).map(({ who, what }) => `${who}: ${what}`);
    expect(whats).toContain("person ada: answer undone");
    expect(whats.at(-1)).toBe("review: card decided");
  });

  test("that is not sure goes to another person", async (ctx) => {
    needsLongRun(ctx);
    server = await reviewServer();
    await server.bank("bank", someHash("a"));
    await server.check(someHash("a"));
    const [ada, ben] = [server.person("ada"), server.person("ben")];
    await ada.get("/review/cards/1");
    await ada.post("/review/cards/1/answer", { answer: "unsure" });
    expect((await ben.get("/review/next")).path).toBe("/review");
    count();
    expect((await ada.get("/review/next")).path).toBe("/review");
    expect((await ben.get("/review/next")).path).toBe("/review/cards/1");
    await ben.post("/review/cards/1/answer", { answer: "none" });
    count();
    expect(server.service.review!.cards.get(1)).toMatchObject({ state: "decided", labels: [] });
  });

  test("needs a second person where the bank asks for two, who does not see the first answer", async () => {
    server = await reviewServer({ reviewTwoPersons: "strict*" });
    await server.bank("strict 1", someHash("a"));
    await server.check(someHash("a"));
    const [ada, ben, eve] = [server.person("ada"), server.person("ben"), server.person("eve")];
    await ada.get("/review/cards/1");
    await ada.post("/review/cards/1/answer", { answer: "save", label: "iwf:A" });
    count();
    expect(server.service.review!.cards.get(1).state).toBe("open");
    expect(server.service.store.qualifications({ entryNumber: 1 })).toEqual([]);
    const page = await ben.get("/review/cards/1");
    expect(page.text).toContain("Two persons must agree");
    expect(page.text).not.toMatch(/ada|checked/);
    // The first person cannot answer a second time.
    expect((await ada.post("/review/cards/1/answer", { answer: "save", label: "iwf:A" })).status).toBe(409);
    await ben.post("/review/cards/1/answer", { answer: "save", label: "iwf:B" });
    count();
    expect(server.service.review!.cards.get(1).state).toBe("open");
    await eve.get("/review/cards/1");
    await eve.post("/review/cards/1/answer", { answer: "save", label: "iwf:A" });
    count();
    expect(server.service.review!.cards.get(1)).toMatchObject({ state: "decided", labels: ["iwf:A"] });
    expect(server.service.store.qualifications({ entryNumber: 1 })).toMatchObject([{ by: "ada, eve" }]);
  });

  test("of three who differ makes a dispute, which an administrator opens again", async (ctx) => {
    needsLongRun(ctx);
    server = await reviewServer({ reviewTwoPersons: "bank" });
    await server.bank("bank", someHash("a"));
    await server.check(someHash("a"));
    for (const [name, label] of [
      ["ada", "iwf:A"],
      ["ben", "iwf:B"],
      ["eve", "iwf:C"],
    ] as const) {
      const person = server.person(name);
      await person.get("/review/cards/1");
      await person.post("/review/cards/1/answer", { answer: "save", label });
      count();
    }
    expect(server.service.review!.cards.get(1).state).toBe("disputed");
    const lead = server.person("lead", "admin");
    expect((await lead.get("/review/dashboard")).text).toContain("Open again: 1");
    await lead.post("/review/cards/1/reopen");
    expect(server.service.review!.cards.get(1).state).toBe("open");
    expect((await lead.post("/review/cards/1/reopen")).status).toBe(409);
  });

  test("is sent to the platform by a webhook, with its own names of the uploads and no hash", async (ctx) => {
    needsLongRun(ctx);
    server = await reviewServer();
    await server.bank("bank", someHash("a"));
    server.service.outbox.create("http://192.0.2.1/", ["review.decided"]);
    await server.check(someHash("a"), "upload-7");
    await server.check(someHash("a"), "upload-8");
    const ada = server.person("ada");
    await ada.get("/review/cards/1");
    await ada.post("/review/cards/1/answer", { answer: "save", label: "iwf:C" });
    count();
    const [text] = server.service.state.get<[string]>("SELECT body FROM outbox WHERE event = 'review.decided'")!;
    expect(JSON.parse(text)).toMatchObject({
      type: "review.decided",
      data: { card: 1, entryNumber: 1, uploads: 2, references: ["upload-8", "upload-7"], labels: ["iwf:C"] },
    });
    expect(text).not.toMatch(/[0-9a-f]{24}/);
  });

  test("about an entry that was withdrawn meanwhile still ends the card", async (ctx) => {
    needsLongRun(ctx);
    server = await reviewServer();
    await server.bank("bank", someHash("a"));
    await server.check(someHash("a"));
    const ada = server.person("ada");
    await ada.get("/review/cards/1");
    await ada.post("/review/cards/1/answer", { answer: "none" });
    await server.call("/v1/withdrawals", { json: { entryNumber: 1 } });
    count();
    expect(server.service.review!.cards.get(1).state).toBe("decided");
  });
});

test("a reference that may be a hash is refused", async (ctx) => {
  needsLongRun(ctx);
  server = await reviewServer();
  const answer = await server.call(`/v1/check?reference=${someHash("a")}`, {
    json: { queries: [{ hash: someHash("a") }] },
  });
  expect(answer.status).toBe(400);
});

test("the dashboard shows sources, banks, matches and withdrawals, in both languages", async (ctx) => {
  needsLongRun(ctx);
  server = await reviewServer({ staleHours: 1 });
  await server.bank("bank", someHash("a"), someHash("b"));
  await server.check(someHash("a"));
  await server.call("/v1/withdrawals", { json: { entryNumber: 2 } });
  server.pass(2.5 * 3_600_000);
  const lead = server.person("lead", "review", "match", "metrics");
  const { text } = await lead.get("/review/dashboard");
  for (const part of ["bank: s", "Matches by day", "Withdrawals", "<svg", "▲ 2 hours"]) expect(text).toContain(part);
  await lead.post("/review/settings", { language: "fr" });
  expect((await lead.get("/review/dashboard")).text).toContain("Correspondances par jour");
  expect((await lead.get("/review")).text).toContain('<html lang="fr">');
});
