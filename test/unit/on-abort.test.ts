/** One signal may end any number of jobs at once, and no warning is printed. */
import { describe, expect, test, vi } from "vitest";
import { hashImage, HashIndex, hashImages } from "../../dist/index.js";
import { onAbort } from "../../dist/on-abort.js";
import { scene } from "../support/evaluate.ts";

describe("a signal", () => {
  test("that many jobs share gives no warning, and ends all of them", async () => {
    const warned = vi.fn<() => void>();
    process.on("warning", warned);
    const stop = new AbortController();
    const { signal } = stop;
    const image = await scene(1);
    using index = new HashIndex();
    index.add(1, "f".repeat(64));
    await Promise.all([
      ...Array.from({ length: 12 }, () => hashImage(image, { signal })),
      ...Array.from({ length: 12 }, () => index.search("f".repeat(64), { radius: 31, signal })),
      ...Array.from({ length: 12 }, async () => {
        for await (const { result } of hashImages([image], { signal })) expect(result).toBeDefined();
      }),
    ]);
    const jobs = Array.from({ length: 12 }, () => hashImage(image, { signal }));
    stop.abort(new Error("enough"));
    for (const { status, reason } of (await Promise.allSettled(jobs)) as PromiseRejectedResult[])
      expect([status, String(reason)]).toEqual(["rejected", "Error: enough"]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warned);
    expect(warned).not.toHaveBeenCalled();
  });

  test("calls its listener once, and not after it was removed", () => {
    const stop = new AbortController();
    const [kept, removed] = [vi.fn<() => void>(), vi.fn<() => void>()];
    onAbort(stop.signal, kept);
    onAbort(stop.signal, removed)();
    onAbort(undefined, kept)();
    stop.abort();
    stop.abort();
    expect([kept.mock.calls.length, removed.mock.calls.length]).toEqual([1, 0]);
  });
});
