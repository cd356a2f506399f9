/** The slots that images and videos are decoded in. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Semaphore } from "../../dist/semaphore.js";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("no more work runs at a time than there are slots, and it starts in the order in which it came", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 20 }),
      async (size, turns) => {
        const slots = new Semaphore(size);
        const started: number[] = [];
        let [running, most] = [0, 0];
        const all = turns.map((count, i) =>
          slots.withSlot(undefined, async () => {
            started.push(i);
            most = Math.max(most, ++running);
            for (let k = 0; k < count; k++) await nextTurn();
            running--;
            return i;
          }),
        );
        expect(await Promise.all(all)).toEqual(turns.map((_, i) => i));
        expect(started).toEqual(turns.map((_, i) => i));
        expect(most).toBe(Math.min(size, turns.length));
      },
    ),
    { numRuns: 30 },
  );
});

test("work that fails frees its slot", async () => {
  const slots = new Semaphore(1);
  const failed = slots.withSlot(undefined, () => Promise.reject(new Error("broken")));
  const next = slots.withSlot(undefined, () => Promise.resolve("next"));
  await expect(failed).rejects.toThrow("broken");
  expect(await next).toBe("next");
});

test("an abort leaves the queue at once and never takes a slot from others", async () => {
  const slots = new Semaphore(1);
  let end = (): void => {};
  const first = slots.withSlot(undefined, () => new Promise<void>((resolve) => (end = resolve)));
  const stop = new AbortController();
  let ran = false;
  const second = slots.withSlot(stop.signal, () => Promise.resolve((ran = true)));
  const third = slots.withSlot(undefined, () => Promise.resolve("third"));
  stop.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  await expect(slots.withSlot(stop.signal, () => Promise.resolve())).rejects.toThrow("enough");
  end();
  await first;
  expect(await third).toBe("third");
  expect(ran).toBe(false);
  expect(await slots.withSlot(undefined, () => Promise.resolve("free again"))).toBe("free again");
});
