/** The outputs of a child, read by a thread: exact reading, back-pressure, text, ends, descriptors. */
import { readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { hashVideo } from "../../../dist/doors/video.js";
import { native } from "../../../dist/native/load.js";
import { NativeOutputs } from "../../../dist/video/ffmpeg/child-outputs.js";
import { startChild } from "../../../dist/processes/child-process.js";
import { ffmpeg, makeClip, moving, noFfmpeg, videoFolder, x264 } from "../../support/video/video.ts";

const linux = process.platform === "linux";
const { clips } = videoFolder();

interface Heard {
  text: string;
  ended: number;
}

/** Opens outputs whose child ends the test closes by `finish`. */
function open(): { outputs: NativeOutputs; heard: Heard; finish: () => void } {
  const heard: Heard = { text: "", ended: 0 };
  const outputs = NativeOutputs.open({ onText: (text) => (heard.text += text), onEnd: () => heard.ended++ })!;
  let finished = false;
  const finish = (): void => {
    if (finished) return;
    finished = true;
    outputs.childEnds.close();
  };
  return { outputs, heard, finish };
}

describe.skipIf(!linux)("the outputs of a child", () => {
  it("gives samples in order in any pieces, and false at the end", async () => {
    const size = fc.integer({ min: 1, max: 100_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 8 }), fc.array(size, { maxLength: 8 }), async (pieces, targets) => {
        const { outputs, finish } = open();
        try {
          const total = pieces.reduce((sum, one) => sum + one, 0);
          const bytes = Uint8Array.from({ length: total }, (_, i) => (i * 7 + (i >> 8)) & 255);
          const writes = (async () => {
            let at = 0;
            for (const piece of pieces) {
              for (const until = at + piece; at < until;) {
                at += writeSync(outputs.childEnds.output, bytes, at, until - at);
                await sleep(at % 3);
              }
            }
            finish();
          })();
          let taken = 0;
          for (const length of targets) {
            const target = new Uint8Array(length);
            const full = await outputs.readInto(target);
            expect(full).toBe(taken + length <= total);
            if (!full) break;
            expect(Buffer.compare(target, bytes.subarray(taken, taken + length))).toBe(0);
            taken += length;
          }
          await writes;
        } finally {
          finish();
          outputs.close();
        }
      }),
      { numRuns: 20 },
    );
  });

  it("reads text in any pieces, with whole characters, and reports the end once", async () => {
    const { outputs, heard, finish } = open();
    const text = "größer €𝄞\n".repeat(50);
    outputs.resumeStderr();
    for (const byte of Buffer.from(text)) writeSync(outputs.childEnds.errors, Uint8Array.of(byte));
    await expect.poll(() => heard.text).toBe(text);
    expect(heard.ended).toBe(0);
    outputs.pauseStderr();
    writeSync(outputs.childEnds.errors, "later");
    await sleep(30);
    expect(heard.text).toBe(text);
    finish();
    outputs.resumeStderr();
    await expect.poll(() => heard).toEqual({ text: `${text}later`, ended: 1 });
    outputs.resumeStderr();
    outputs.close();
    expect(heard.ended).toBe(1);
  });

  it("reads any amount of text while it waits for samples", async () => {
    const { outputs, heard } = open();
    const code = `head -c 1000000 /dev/zero | tr "\\\\0" x >&2; printf done`;
    const child = startChild("/bin/sh", ["-c", code], { ends: outputs.childEnds });
    const target = new Uint8Array(4);
    expect(await outputs.readInto(target)).toBe(true);
    expect(Buffer.from(target).toString()).toBe("done");
    // The samples may come before the last of the text, which is another output.
    await expect.poll(() => heard.text.length).toBe(1_000_000);
    await child.exited;
    expect(outputs.hasUnrequestedData()).toBe(false);
    expect(await outputs.readInto(new Uint8Array(1))).toBe(false);
    outputs.close();
  });

  it("keeps data that nobody requests, and its writer waits", async () => {
    const { outputs } = open();
    const child = startChild("/bin/sh", ["-c", "exec cat /dev/zero"], { ends: outputs.childEnds });
    await expect.poll(() => outputs.hasUnrequestedData()).toBe(true);
    let ended = false;
    void child.exited.then(() => (ended = true));
    await sleep(50);
    expect(ended).toBe(false);
    expect(await outputs.readInto(new Uint8Array(5_000_000))).toBe(true);
    const never = outputs.readInto(new Uint8Array(2 ** 30));
    outputs.close(); // ends the waiting fill, and the writer has no reader left
    expect(await never).toBe(false);
    // By SIGPIPE, or by the error that a writer gets where that signal is ignored.
    const { code, signal } = await child.exited;
    expect(signal ?? code).not.toBe(0);
    expect(await outputs.readInto(new Uint8Array(1))).toBe(false);
    expect(outputs.hasUnrequestedData()).toBe(false);
  });

  it("leaves no descriptor behind, even when the child cannot be started", async () => {
    const count = (): number => readdirSync("/proc/self/fd").length;
    const before = count();
    for (const program of ["/bin/true", "/nonexistent/program"]) {
      for (let i = 0; i < 20; i++) {
        const { outputs, heard } = open();
        const child = startChild(program, [], { ends: outputs.childEnds });
        await child.exited;
        outputs.resumeStderr();
        await expect.poll(() => heard.ended, { interval: 5 }).toBe(1);
        outputs.close();
      }
    }
    await expect.poll(count).toBeLessThanOrEqual(before);
  });
});

it("gives the same signature through the streams of the child", async (ctx) => {
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
