/** Thousands of addresses on two hundred hosts, some of which misbehave: what is said of them, and what it takes. */
import { join } from "node:path";
import { hashImage } from "empreinte";
import { BankStore } from "empreinte/bank";
import { expect, test } from "vitest";
import { rounds } from "../../../test/support/long.ts";
import { succeed } from "../../../test/support/run.ts";
import { type HostPage, HostSimulator } from "../src/simulators/host.ts";
import { addWatch, watched, type WatchState } from "../src/watch/items.ts";
import { after, folder, from, image } from "./support.ts";

const hosts = 200;

test("many addresses are judged as they are, in bounded memory", async () => {
  const [known, other] = [await image(1), await image(2)];
  const words = "some words of a page that has more than eight of them in it";
  const kinds: [HostPage, WatchState][] = [
    [{ body: `${words}<img src="/known.jpg">` }, "there"],
    [{ body: `${words}<img src="/other.jpg">` }, "unchanged"],
    [{ body: words }, "unchanged"],
    [{ status: 404 }, "gone"],
    [{ status: 410 }, "gone"],
    [{ status: 302, headers: { location: "/" } }, "gone"],
    [{ type: "image/jpeg", body: known }, "there"],
    [{ type: "image/jpeg", body: other }, "unchanged"],
    [{ status: 500 }, "unreachable"],
    [{ does: "endless-text" }, "unchanged"],
    [{ does: "endless-image" }, "unclear"],
    [{ does: "truncated", body: words }, "unreachable"],
    [{ does: "redirect-metadata" }, "unreachable"],
    [{ does: "bomb" }, "unchanged"],
    [{ status: 451 }, "gone"],
    [{ body: `${words}<base href="/"><img src="known.jpg">` }, "there"],
    [{ body: `${words}<div style="background: url('/known.jpg')"></div>` }, "there"],
    [{ body: `${words}<img src="data:image/jpeg;base64,${known.toString("base64")}">` }, "there"],
    [{ does: "redirect-private" }, "unreachable"],
    [{ does: "reset" }, "unreachable"],
  ];
  const simulator = new HostSimulator();
  const { port } = new URL(await simulator.listen(0, "0.0.0.0"));
  after(() => simulator.close());
  simulator.pages.set("/", { body: "Welcome to this host, which has a first page with many words" });
  simulator.pages.set("/known.jpg", { type: "image/jpeg", body: known });
  simulator.pages.set("/other.jpg", { type: "image/jpeg", body: other });

  const path = join(folder(), "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: from.bank });
  const { hash, quality } = await hashImage(await image(1, "png", 640));
  await store.import(from, [{ id: "1", signals: [{ type: "pdq", value: hash, quality }] }]);
  const count = rounds(140, 4000);
  const expected = new Map<string, WatchState>();
  for (let i = 0; i < count; i++) {
    const kind = i % 100 < 86 ? i % 9 : i % kinds.length;
    simulator.pages.set(`/${i}`, kinds[kind]![0]);
    const address = `http://127.0.0.${1 + (i % hosts)}:${port}/${i}`;
    expected.set(addWatch(store, { address, case: "1" }).id, kinds[kind]![1]);
  }
  await store.close();

  const printed = await succeed(process.execPath, [join(import.meta.dirname, "watch-child.mjs"), path]);
  const { checked, memory } = JSON.parse(printed) as { checked: number; memory: number };
  expect(checked).toBe(count);
  const again = await BankStore.open(path);
  after(() => again.close());
  const wrong = watched(again).flatMap(({ item, history }) => {
    const { state, reason } = history.at(-1)!;
    const wanted = expected.get(item.id)!;
    return state === wanted ? [] : [`${item.address}: ${state} (${reason}), and not ${wanted}`];
  });
  expect(wrong).toEqual([]);
  expect(memory).toBeLessThan(256);
});
