/** The outputs of a child, read by a thread: exact reading, backpressure, text, ends, descriptors. */
import { readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { hashVideo } from "../../../dist/doors/video.js";
import { native } from "../../../dist/native/load.js";
import { OutputChannel } from "../../../dist/video/ffmpeg/channel.js";
import { startChild } from "../../../dist/video/ffmpeg/child.js";
import { ffmpeg, makeClip, moving, noFfmpeg, videoFolder, x264 } from "../../support/video.ts";

const linux = process.platform === "linux";
const { clips } = videoFolder();

interface Heard {
  text: string;
  ended: number;
}

/** Ends that nobody has been given are ours to close. */
function open(): { channel: OutputChannel; heard: Heard; finish: () => void } {
  const heard: Heard = { text: "", ended: 0 };
  const channel = OutputChannel.open({ onText: (text) => (heard.text += text), onEnd: () => heard.ended++ })!;
  let finished = false;
  const finish = (): void => {
    if (finished) return;
    finished = true;
    channel.ends.close();
  };
  return { channel, heard, finish };
}

describe.skipIf(!linux)("the outputs of a child", () => {
  it("gives samples in order in any pieces, and false at the end", async () => {
    const size = fc.integer({ min: 1, max: 100_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 8 }), fc.array(size, { maxLength: 8 }), async (pieces, targets) => {
        const { channel, finish } = open();
        try {
          const total = pieces.reduce((sum, one) => sum + one, 0);
          const bytes = Uint8Array.from({ length: total }, (_, i) => (i * 7 + (i >> 8)) & 255);
          const writes = (async () => {
            let at = 0;
            for (const piece of pieces) {
              for (const until = at + piece; at < until;) {
                at += writeSync(channel.ends.output, bytes, at, until - at);
                await sleep(at % 3);
              }
            }
            finish();
          })();
          let taken = 0;
          for (const length of targets) {
            const target = new Uint8Array(length);
            const full = await channel.take(target);
            expect(full).toBe(taken + length <= total);
            if (!full) break;
            expect(Buffer.compare(target, bytes.subarray(taken, taken + length))).toBe(0);
            taken += length;
          }
          await writes;
        } finally {
          finish();
          channel.close();
        }
      }),
      { numRuns: 20 },
    );
  });

  it("hears text in any pieces, characters whole, and the end once", async () => {
    const { channel, heard, finish } = open();
    const text = "größer €𝄞\n".repeat(50);
    channel.read();
    for (const byte of Buffer.from(text)) writeSync(channel.ends.errors, Uint8Array.of(byte));
    await expect.poll(() => heard.text).toBe(text);
    expect(heard.ended).toBe(0);
    channel.rest();
    writeSync(channel.ends.errors, "later");
    await sleep(30);
    expect(heard.text).toBe(text);
    finish();
    channel.read();
    await expect.poll(() => heard).toEqual({ text: `${text}later`, ended: 1 });
    channel.read();
    channel.close();
    expect(heard.ended).toBe(1);
  });

  it("hears what is said while samples are waited for, however much it is", async () => {
    const { channel, heard } = open();
    const code = `head -c 1000000 /dev/zero | tr "\\\\0" x >&2; printf done`;
    const child = startChild("/bin/sh", ["-c", code], undefined, channel.ends);
    const target = new Uint8Array(4);
    expect(await channel.take(target)).toBe(true);
    expect(Buffer.from(target).toString()).toBe("done");
    expect(heard.text.length).toBe(1_000_000);
    await child.ended;
    expect(channel.unasked()).toBe(false);
    expect(await channel.take(new Uint8Array(1))).toBe(false);
    channel.close();
  });

  it("what nobody asks for waits, and so does the writer", async () => {
    const { channel } = open();
    const child = startChild("/bin/sh", ["-c", "exec cat /dev/zero"], undefined, channel.ends);
    await expect.poll(() => channel.unasked()).toBe(true);
    let ended = false;
    void child.ended.then(() => (ended = true));
    await sleep(50);
    expect(ended).toBe(false);
    expect(await channel.take(new Uint8Array(5_000_000))).toBe(true);
    const never = channel.take(new Uint8Array(2 ** 30));
    channel.close(); // whoever waits is told, and the writer has nobody left
    expect(await never).toBe(false);
    expect((await child.ended).signal).toBe("SIGPIPE");
    expect(await channel.take(new Uint8Array(1))).toBe(false);
    expect(channel.unasked()).toBe(false);
  });

  it("leaves no descriptor behind, also where the child cannot be started", async () => {
    const count = (): number => readdirSync("/proc/self/fd").length;
    const before = count();
    for (const program of ["/bin/true", "/nonexistent/program"]) {
      for (let i = 0; i < 20; i++) {
        const { channel, heard } = open();
        const child = startChild(program, [], undefined, channel.ends);
        await child.ended;
        channel.read();
        await expect.poll(() => heard.ended, { interval: 5 }).toBe(1);
        channel.close();
      }
    }
    await expect.poll(count).toBeLessThanOrEqual(before);
  });
});

it("where there is no such thing the streams of the child give the same", async (ctx) => {
  if (!linux) return ctx.skip("skipped: needs Linux");
  if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
  const clip = join(clips, "clip.mp4");
  await makeClip(clip, moving, ...x264);
  const options = { sampling: "all" } as const;
  const read = vi.spyOn(native, "fillOutputs");
  const known = await hashVideo(clip, options);
  expect(read).toHaveBeenCalled();
  read.mockClear();
  const none = vi.spyOn(native, "openOutputs").mockReturnValue(undefined);
  try {
    expect(await hashVideo(clip, options)).toEqual(known);
    expect(none).toHaveBeenCalled();
    expect(read).not.toHaveBeenCalled();
  } finally {
    vi.restoreAllMocks();
  }
});
