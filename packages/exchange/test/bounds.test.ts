/** What decides at each bound, without an exchange: the last value of one side and the first of the other. */
import { describe, expect, test } from "vitest";
import { AnswerCache } from "../src/remote/answer-cache.ts";
import { checkUnlisted } from "../src/run/shrinkage.ts";
import { readStatus } from "../src/run/status.ts";
import { judgePage, type SeenPage } from "../src/watch/judge.ts";
import { readRobots } from "../src/watch/robots.ts";
import { from, newStore } from "./support.ts";

test("a list may lack 1,000 entries or half of them, what an operator accepted, and no more", async () => {
  const store = await newStore();
  const passes = (entries: number, of: number, accepted?: number): boolean => {
    const status = {
      ...readStatus(store, from),
      ...(accepted !== undefined && { accepted: { at: 1, entries: accepted, by: "ada", reason: "r" } }),
    };
    try {
      checkUnlisted(status, "the list", { entries, of });
      return true;
    } catch {
      return false;
    }
  };
  expect([passes(1000, 1000), passes(1001, 1001)]).toEqual([true, false]);
  expect([passes(1001, 2002), passes(1001, 2001)]).toEqual([true, false]);
  expect([passes(1500, 2001, 1500), passes(1501, 2001, 1500)]).toEqual([true, false]);
});

describe("an answer in memory", () => {
  test("counts for less than its life", () => {
    let now = 0;
    const cache = new AnswerCache(1000, { now: () => now });
    cache.set("a", []);
    now = 999;
    expect(cache.get("a")).toEqual([]);
    now = 1000;
    expect(cache.get("a")).toBeUndefined();
  });

  test("is dropped when 4,096 newer ones came, counted from the last time that it was given", () => {
    const cache = new AnswerCache(1000, { now: () => 0 });
    for (let i = 0; i < 4096; i++) cache.set(String(i), []);
    cache.set("0", []);
    expect(cache.get("1")).toEqual([]);
    cache.set("new", []);
    expect([cache.get("0"), cache.get("1"), cache.get("2")]).toEqual([[], undefined, []]);
  });
});

describe("a watched page", () => {
  const none = { found: false, compared: 1, failed: 0 };
  const page = (words: string[] | undefined, name = "a"): SeenPage => {
    const address = `https://host.example/${name}`;
    return { status: 200, requested: address, answered: address, words: words?.join(" "), digest: "d" };
  };

  test("that is as it was first seen has lost the image only if it had it then", () => {
    const stateOf = (hadImage: boolean): string =>
      judgePage(page(undefined), none, undefined, { digest: "d", hadImage }).state;
    expect([stateOf(false), stateOf(true)]).toEqual(["unchanged", "changed"]);
  });

  test("that is the page for what is missing says so from eight words on", () => {
    const stateOf = (count: number): string => {
      const words = Array.from({ length: count }, (_, i) => `word${i}`);
      return judgePage(page(words), none, page(words, "missing"), undefined).state;
    };
    expect([stateOf(7), stateOf(8)]).toEqual(["unclear", "gone"]);
  });
});

test("of rules for robots the longest decides, of equally long ones the one that allows; a pause has a most", () => {
  const rules = (...lines: string[]) => readRobots(["User-agent: *", ...lines].join("\n"), "b");
  expect(rules("Disallow: /a", "Allow: /a/b").allows("/a/b")).toBe(true);
  expect(rules("Allow: /a", "Disallow: /a/b").allows("/a/b")).toBe(false);
  for (const lines of [
    ["Disallow: /a", "Allow: /a"],
    ["Allow: /a", "Disallow: /a"],
  ])
    expect(rules(...lines).allows("/a")).toBe(true);
  const pause = (text: string): number | undefined => rules(`Crawl-delay: ${text}`).delaySeconds;
  expect([pause("60"), pause("61"), pause("0.5"), pause("x")]).toEqual([60, 60, 0.5, undefined]);
});
