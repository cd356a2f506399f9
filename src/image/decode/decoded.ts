import { native } from "../../native/load.js";
import { hasFurtherPages } from "../further/has-further-pages.js";
import type { Content } from "../input/byte-collector.js";
import type { Page } from "./decode.js";
import { decodeSlots } from "./decode-slots.js";
import { decodeIsolated } from "../isolation/isolated.js";
import type { Task } from "../isolation/task.js";
import type { CheckedInputOptions } from "../options.js";
import { decodePages } from "./pages.js";
import { tooSlow } from "./refusals.js";
import { withAbortController } from "../with-abort-controller.js";

/** An image while it is decoded. */
export interface Decoding extends Pick<Content, "digests"> {
  /** The pages. Each is decoded when the caller requests it. There is at least one. */
  pages: AsyncGenerator<Page, void, undefined>;
  /** Aborted when the caller aborts, and when decoding takes too long. */
  signal: AbortSignal;
}

export interface DecodeOptions extends Pick<CheckedInputOptions, "limits"> {
  /** What `use` does, for another process. It says which pages are decoded. */
  task: Task;
}

/** Whether a task needs other pages than the first one. */
const needsPages = (task: Task): boolean =>
  (task.kind === "hash" && task.all) || (task.kind === "samples" && task.page !== undefined);

/**
 * Decodes an image and gives it to `use`. With `isolation: "process"` another process does both, and `use` is not
 * called. The content's bytes are freed once they are decoded.
 *
 * @throws {ImageError} @throws {LimitError} The signal's reason. Whatever `use` throws.
 */
export async function withDecoded<T>(
  content: Content,
  { limits, task }: DecodeOptions,
  signal: AbortSignal | undefined,
  use: (decoding: Decoding) => Promise<T>,
): Promise<T> {
  return withAbortController(signal, (controller) =>
    decodeSlots.withSlot(controller.signal, async () => {
      const { name, digests } = content;
      const expire = (): void => controller.abort(tooSlow(name, limits.maxSeconds));
      const timer = setTimeout(expire, Math.min(1000 * limits.maxSeconds, 2 ** 31 - 1));
      try {
        let made: T;
        if (limits.isolation === "process") {
          made = await decodeIsolated<T>(content, { task, limits }, controller.signal);
          if (digests !== undefined && task.kind === "hash") made = { ...made, digests };
        } else {
          const all = needsPages(task);
          const isFirstOnly = (task.kind === "hash" || task.kind === "samples") && !all;
          // Before the decoder may change or free the bytes, and where the decoder is: a hostile file takes its time.
          const furtherPages = isFirstOnly && hasFurtherPages(content.bytes);
          const pages = decodePages({ ...content, limits, signal: controller.signal }, all);
          made = await use({ pages, signal: controller.signal, ...(digests && { digests }) });
          if (furtherPages) made = { ...made, furtherPages };
        }
        // After a failure or an abort the decoder may still read the bytes on another thread.
        native.release(content.bytes);
        return made;
      } finally {
        clearTimeout(timer);
      }
    }),
  );
}
