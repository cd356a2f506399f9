import { availableParallelism } from "node:os";
import { Semaphore } from "../semaphore.js";

/**
 * Limits how many videos `hashVideo` decodes at a time in this process. Each one has a child process with threads and
 * memory of its own. A video that waits for a slot has an open file but no child, and its time limit does not run yet.
 *
 * `videoFrames` takes no slot. A caller who reads two videos side by side would otherwise wait for itself.
 */
export const decodeSlots: Semaphore = new Semaphore(Math.max(2, availableParallelism()));
