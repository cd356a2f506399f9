import { damaged, noMemory } from "../errors.js";

/** Decompresses a zlib stream that must give exactly `size` bytes. What comes after its end is not read. */
export async function inflate(parts: readonly Uint8Array[], size: number): Promise<Uint8Array> {
  let out: Uint8Array;
  try {
    out = new Uint8Array(size);
  } catch {
    throw noMemory();
  }
  const source = new ReadableStream<BufferSource>({
    start(controller) {
      for (const part of parts) controller.enqueue(part as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  const reader = source.pipeThrough(new DecompressionStream("deflate")).getReader();
  let at = 0;
  try {
    while (at < size) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value.subarray(0, size - at), at);
      at += Math.min(value.length, size - at);
      value.fill(0);
    }
    // The last bytes are whole only if the sum behind them is right.
    for (let done = at < size; !done;) ({ done } = await reader.read());
  } catch {
    throw damaged("its compressed data are damaged or end early");
  } finally {
    reader.releaseLock();
  }
  if (at < size) throw damaged("its compressed data end early");
  return out;
}
