/** What a written list has, and what is counted as left out: examples of each writer's own rules. */
import { describe, expect, test } from "vitest";
import { convertList, type ListEntry, ListWriter, type WrittenFormat } from "../../../dist/doors/lists.js";
import { hexHashes } from "../../support/lists.ts";

const [a, b] = hexHashes(2, 41) as [string, string];
const md5 = "0123456789abcdef0123456789abcdef";

function written(
  format: WrittenFormat,
  entries: Partial<ListEntry>[],
): { text: string; leftOut: Record<string, number> } {
  const writer = new ListWriter(format);
  const pieces = entries.map((entry) =>
    writer.entry({ status: "active", labels: [], cases: [], signals: [], ...entry }),
  );
  return { text: pieces.join("") + writer.end(), leftOut: writer.leftOut };
}

describe("a CSV of signals", () => {
  test("has a row for each signal but frames, and an MD5 of a video by its own name", () => {
    const frame = { type: "vpdq" as const, value: b, quality: 90, frame: 0, timestampSeconds: 0 };
    const { text, leftOut } = written("signal-csv", [
      { signals: [{ type: "pdq", value: a }, { type: "md5", value: md5 }, frame], media: "video" },
    ]);
    const rows = text.trim().split(/\r?\n/).slice(1);
    expect(rows.map((row) => row.split(",").find((field) => /^(pdq|md5|video_md5|vpdq)$/.test(field)))).toEqual([
      "pdq",
      "video_md5",
    ]);
    expect(text).toContain(a);
    expect(text).not.toContain(b);
    expect(leftOut["signals.vpdq"]).toBe(1);
  });
});

describe("VICS", () => {
  test("has the ids of the entries where all are numbers, and numbers from 1 on otherwise", () => {
    const ids = (given: string[]): number[] => {
      const { text } = written(
        "vics-2.0",
        given.map((id, i) => ({ id, signals: [{ type: "md5", value: md5.slice(0, -1) + i }] })),
      );
      return [...text.matchAll(/"MediaID":(\d+)/g)].map(([, id]) => Number(id));
    };
    expect(ids(["7", "0", "12"])).toEqual([7, 0, 12]);
    expect(ids(["first", "7", "12"])).toEqual([1, 2, 3]);
  });
});

describe("a vPDQ text", () => {
  test.each([["quality"], ["frame"], ["timestampSeconds"]])("leaves out a frame without its %s", (missing) => {
    const whole = { type: "vpdq" as const, value: a, quality: 90, frame: 3, timestampSeconds: 1.5 };
    const { [missing as "quality"]: _, ...part } = { ...whole, value: b };
    const { text, leftOut } = written("vpdq-lines", [{ signals: [whole, part] }]);
    expect(text).toContain(a);
    expect(text).not.toContain(b);
    expect(leftOut["frames without a number, time or quality"]).toBe(1);
  });
});

test("a conversion keeps signals of all types, and takes no option that says otherwise", async () => {
  const options = { to: "signal-csv", others: "drop" } as unknown as Parameters<typeof convertList>[1];
  await expect(convertList(Buffer.from(`${a}\n`), options)).rejects.toMatchObject({
    code: "ERR_EMPREINTE_INVALID_ARGUMENT",
    message: expect.stringContaining("others"),
  });
});
