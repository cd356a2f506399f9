import { inspect } from "node:util";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { LocalRecord, registerLocal } from "empreinte/local";
import { native } from "../../../dist/native/load.js";

interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3;
}

/** Discs of all sizes and colours. */
function scene(seed: number, width = 480, height = 360): Pixels {
  let state = BigInt(seed);
  const below = (n: number): number => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number(state >> 40n) % n;
  };
  const data = new Uint8Array(width * height * 3);
  for (let disc = 0; disc < 260; disc++) {
    const [x, y, radius, colour] = [
      below(width),
      below(height),
      2 + below(5 + below(40)),
      [0, 1, 2].map(() => below(256)),
    ];
    for (let j = Math.max(0, y - radius); j < Math.min(height, y + radius); j++) {
      for (let i = Math.max(0, x - radius); i < Math.min(width, x + radius); i++) {
        if ((i - x) ** 2 + (j - y) ** 2 < radius ** 2) data.set(colour, 3 * (j * width + i));
      }
    }
  }
  return { data, width, height, channels: 3 };
}

const refused = (record: Uint8Array): { code: string; message: string } => {
  try {
    LocalRecord.from(record);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error("the record was accepted");
};

describe("a record", () => {
  test("comes back from its bytes, and has the original's size and as many points as wanted", async () => {
    const record = await registerLocal(scene(1));
    expect([record.width, record.height, record.points]).toEqual([480, 360, 200]);
    const bytes = record.toBytes();
    expect(bytes).toHaveLength(24 + 38 * 200);
    expect(LocalRecord.from(bytes).toBytes()).toEqual(bytes);
    expect((await registerLocal(scene(1), { most: 100 })).toBytes().subarray(24)).toEqual(
      bytes.subarray(24, 24 + 3800),
    );
  });

  test("does not change with the bytes that it was made of, or that it gave", async () => {
    const given = (await registerLocal(scene(1), { most: 10 })).toBytes();
    const record = LocalRecord.from(given);
    const before = record.toBytes();
    given.fill(0);
    record.toBytes().fill(0);
    expect(record.toBytes()).toEqual(before);
  });

  test("shows nothing of its points where it is printed or turned into JSON", async () => {
    const record = await registerLocal(scene(1), { most: 10 });
    const text = inspect(record, { depth: 9, showHidden: true }) + JSON.stringify(record);
    expect(text).not.toMatch(/EMLR|69, ?77, ?76, ?82|Uint8Array/);
    expect(JSON.parse(JSON.stringify(record))).toEqual({ width: 480, height: 360, points: 10 });
  });

  test("is the same for a file and for its pixels", async () => {
    const { data, width, height, channels } = scene(2);
    const png = await sharp(data, { raw: { width, height, channels } }).png().toBuffer();
    expect((await registerLocal(png)).toBytes()).toEqual((await registerLocal(scene(2))).toBytes());
  });

  test("has no points where an image has no detail or is mostly of one colour", async () => {
    const data = new Uint8Array(300 * 200 * 3).fill(70);
    data.set(scene(3, 300, 30).data);
    const record = await registerLocal({ data, width: 300, height: 200, channels: 3 });
    expect([record.points, record.toBytes().length]).toEqual([0, 24]);
    expect((await registerLocal({ data: new Uint8Array(1), width: 1, height: 1, channels: 1 })).points).toBe(0);
  });
});

describe("bytes that are no record of this version are refused", () => {
  test("truncated, changed, foreign and empty ones with one code", async () => {
    const record = (await registerLocal(scene(1), { most: 20 })).toBytes();
    const changed = record.slice();
    changed[100]! ^= 1;
    expect(refused(record.subarray(0, 300))).toMatchObject({
      code: "ERR_EMPREINTE_LOCAL_RECORD",
      message: "the local record is truncated",
    });
    for (const bytes of [changed, new Uint8Array(500), new Uint8Array(0)]) {
      expect(refused(bytes).code).toBe("ERR_EMPREINTE_LOCAL_RECORD");
    }
  });

  test("what is not bytes is an invalid argument", () => {
    // @ts-expect-error a text is no record
    expect(() => LocalRecord.from("EMLR")).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }));
  });
});

describe("registerLocal", () => {
  test.each([[0], [401], [1.5], ["200"]])("refuses %j points", async (most) => {
    const code = "ERR_EMPREINTE_INVALID_ARGUMENT";
    await expect(registerLocal(scene(1), { most: most as number })).rejects.toMatchObject({ code });
  });

  test("refuses options that it does not have, files that are no images, and more pixels than allowed", async () => {
    const options = { point: 4 } as object;
    await expect(registerLocal(scene(1), options)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    await expect(registerLocal(Buffer.from("no image"))).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
    });
    await expect(registerLocal(scene(1), { maxPixels: 1000 })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_LIMIT",
      limit: "maxPixels",
    });
  });

  test("ends when its signal is aborted", async () => {
    const controller = new AbortController();
    const made = registerLocal(scene(1, 2000, 1500), { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(made).rejects.toThrow("enough");
  });

  test("gives the same record on every kernel", async () => {
    const { data, width, height, channels } = scene(4);
    const pixels = { data, width, height, channels, stride: 3 * width };
    const kernels = native.kernels().filter(({ supported }) => supported);
    const records = await Promise.all(
      kernels.map(({ name }) => native.localRegister(pixels, { most: 400, kernel: name }, undefined)),
    );
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) expect(record).toEqual(records[0]);
  });
});

/** How many of the record's points have a descriptor within 31 bits among those of the query. */
async function foundIn(record: LocalRecord, query: Buffer, form: number): Promise<number> {
  const { data, info } = await sharp(query).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const points = await native.createLocalQuery({ data, width, height, channels: 3, stride: 3 * width }, {}, undefined);
  const rows = (all: Uint8Array): Uint8Array[] =>
    Array.from({ length: all.length / 32 }, (_, i) => all.subarray(32 * i, 32 * i + 32));
  const queried = rows(native.localQueryDescriptors(points, form));
  const registered = rows(native.localRecordDescriptors(record.toBytes()));
  return registered.filter((hash) => queried.some((other) => native.distance(hash, other) <= 31)).length;
}

describe("the points of an original", () => {
  const png = ({ data, width, height, channels }: Pixels) => sharp(data, { raw: { width, height, channels } }).png();

  test("are found again in a quarter of it that was turned and stored as JPEG", async () => {
    const record = await registerLocal(scene(5));
    const quarter = await png(scene(5)).extract({ left: 200, top: 40, width: 240, height: 180 }).toBuffer();
    const turned = await sharp(quarter).rotate(90).jpeg({ quality: 70 }).toBuffer();
    expect(await foundIn(record, turned, 0)).toBeGreaterThan(15);
    // The mirrored descriptors are those of another image.
    expect(await foundIn(record, turned, 1)).toBeLessThan(4);
  });

  test("are found by their mirrored and negative forms in a mirrored and in a negative copy", async () => {
    const record = await registerLocal(scene(6));
    expect(await foundIn(record, await png(scene(6)).flop().toBuffer(), 1)).toBeGreaterThan(100);
    expect(await foundIn(record, await png(scene(6)).negate().toBuffer(), 2)).toBeGreaterThan(100);
    expect(await foundIn(record, await png(scene(6)).negate().flop().toBuffer(), 3)).toBeGreaterThan(100);
  });

  test("are hardly found in another image", async () => {
    const record = await registerLocal(scene(7));
    const other = await png(scene(8)).toBuffer();
    for (const form of [0, 3]) expect(await foundIn(record, other, form)).toBeLessThan(10);
  });
});
