import type { Sampling } from "../../../doors/video.js";
import type { TextOption } from "../../table/command.js";
import { UsageError } from "../../table/parse.js";
import { shownBeginning } from "../names.js";

/** `--sampling`, which commands on videos share. */
export function samplingOption(byDefault: string): TextOption {
  return {
    type: "text",
    value: "HOW",
    group: "Hashing",
    does: "Choose the frames of a video: a number for each second, `all`, `keyframes`, or `adaptive`, which keeps one of each run of equal frames.",
    defaultText: byDefault,
  };
}

/** The value of `--sampling`. @throws {UsageError} for anything else. */
export function samplingOf(text: string | undefined, otherwise: Sampling): Sampling {
  if (text === undefined) return otherwise;
  if (text === "all" || text === "keyframes" || text === "adaptive") return text;
  const fps = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (fps > 0 && fps <= 1000) return { fps };
  throw new UsageError(
    `Expected frames a second, all, keyframes or adaptive for --sampling but received "${shownBeginning(text, 20)}"`,
  );
}
