import { Semaphore } from "../../semaphore.js";
import { threadPoolSize } from "../../thread-pool.js";

/**
 * Limits how many images are decoded at a time. Decoding runs on libuv's thread pool. More decodes than it has threads
 * would only wait there, with their time limits running. An image that waits for a slot has not started yet.
 */
export const decodeSlots: Semaphore = new Semaphore(threadPoolSize());
