/** What the addon does for a process and its children: confinement, locks, memory, outputs. */
import type { Handle } from "./handle.js";

export type OutputsHandle = Handle<"outputs">;

/** The allocator of this process. */
export interface NativeAllocatorState {
  /** `"other"` with another C library, or where another allocator has replaced glibc's. */
  allocator: "glibc" | "other";
  /** Whether `tuneAllocator` has set its thresholds, in any thread. */
  tuned: boolean;
}

export interface ProcessFunctions {
  /**
   * Confines the next child that this thread starts: limits of the system, and, with `paths`, no files but those, the
   * one that is open as `file` and `/dev/null`, no sockets, and no other process.
   */
  confineNextChild(confinement: {
    memoryBytes: number;
    cpuSeconds: number;
    paths?: readonly string[];
    file?: number;
  }): void;
  /** Returns what that child has entered: 1 the limits, 2 the rules for files, 4 the filter of system calls. */
  enteredConfinement(): number;
  /** Locks an open folder until its descriptor is closed. Returns false when another process holds the lock. */
  lockFolder(descriptor: number): boolean;
  /**
   * Frees the memory of an array now. The array and whatever shares its buffer are empty afterwards. An array that is
   * less than half of its buffer stays.
   */
  release(bytes: Uint8Array): void;
  allocatorState(): NativeAllocatorState;
  /** Sets thresholds of glibc's allocator in bytes, below 2³¹. Returns false if that is not possible. */
  tuneAllocator(mmapThreshold: number, trimThreshold: number, topPad: number): boolean;
  /**
   * Lets that many threads of the pool, 1 … 64, allocate from the main arena, if they have not allocated yet, and
   * creates no further arenas in this process. Returns promises that resolve when they do. Call it once.
   */
  shareArena(threads: number): Promise<void>[];
  /**
   * Gives the memory that the allocator holds and nobody uses back to the system, off this thread. What is beyond the
   * last block of a thread returns only in that thread, down to `trimThreshold`: start as many as there are threads.
   */
  trimAllocator(): Promise<void>;
  /**
   * Reads what a child writes on a native thread, which calls `listener` when a line of text or the requested samples
   * are complete. `output` and `errors` are descriptors for the child. Returns undefined outside Linux, or when the
   * system has no more descriptors.
   */
  openOutputs(listener: () => void): { outputs: OutputsHandle; output: number; errors: number } | undefined;
  /** Closes the child's ends in this process: the child has them, or will not start. */
  closeChildEnds(outputs: OutputsHandle): void;
  /** Begins to fill `bytes` with samples. Nobody else may touch them until they are full. */
  fillOutputs(outputs: OutputsHandle, bytes: Uint8Array): void;
  /** Returns 1 when the bytes are full, -1 when no more samples come or it is closed, otherwise 0. */
  readStatus(outputs: OutputsHandle): number;
  /** Chooses whether a line of text calls the listener. */
  notifyOnStderr(outputs: OutputsHandle, notifies: boolean): void;
  /** Copies text into `bytes` and returns how many bytes, or -1 at the end of the text or when it is closed. */
  readStderr(outputs: OutputsHandle, bytes: Uint8Array): number;
  /** Returns whether samples have arrived that nobody has requested. */
  hasUnrequestedData(outputs: OutputsHandle): boolean;
  /** Closes both channels, which a writing child notices. */
  closeOutputs(outputs: OutputsHandle): void;
}
