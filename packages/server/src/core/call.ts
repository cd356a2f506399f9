/** The end of a call: its deadline, a client that goes away, and a client that stops sending. */
import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError, tooLarge } from "./errors.js";

/** What ends the work for one request. */
export interface Call {
  signal: AbortSignal;
  /** Brings the deadline forward to so many seconds after the beginning. */
  limit(seconds: number): void;
  /** Forgets the deadline. */
  end(): void;
}

/** Ends the work for a request at its deadline, or when the client goes away. */
export function startCall(reply: FastifyReply, seconds: number): Call {
  const controller = new AbortController();
  const start = performance.now();
  const late = (most: number) => (): void => {
    const text = `The call took longer than ${most} seconds`;
    controller.abort(new ServiceError(503, "ERR_EMPREINTE_DEADLINE", text, { "retry-after": "1" }));
  };
  let timer = setTimeout(late(seconds), seconds * 1000);
  const gone = (): void => {
    if (!reply.raw.writableFinished) {
      controller.abort(new ServiceError(499, "ERR_EMPREINTE_ABORTED", "The client went away"));
    }
  };
  reply.raw.on("close", gone);
  return {
    signal: controller.signal,
    limit: (most) => {
      clearTimeout(timer);
      timer = setTimeout(late(most), Math.max(0, most * 1000 - (performance.now() - start)));
    },
    end: () => {
      clearTimeout(timer);
      reply.raw.off("close", gone);
    },
  };
}

/** Runs `work` with the end of a call. */
export async function withCall<T>(
  reply: FastifyReply,
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = startCall(reply, seconds);
  try {
    return await work(call.signal);
  } finally {
    call.end();
  }
}

export interface BodyLimits {
  /** May change while the body is read. */
  maxBytes: number;
  idleSeconds: number;
  signal: AbortSignal;
}

/**
 * Yields the chunks of a body. It leaves the stream open when it ends early, so that an answer can still be sent.
 * @throws {ServiceError} 413 at the first byte too many, 408 where nothing comes for too long
 */
export async function* bodyChunks(body: Readable, limits: BodyLimits): AsyncGenerator<Buffer, void, undefined> {
  const { idleSeconds, signal } = limits;
  const chunks = body.iterator({ destroyOnReturn: false });
  let timer: NodeJS.Timeout | undefined;
  let stop: (error: Error) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => (stop = reject));
  stopped.catch(() => undefined);
  const aborted = (): void => stop(signal.reason as Error);
  signal.addEventListener("abort", aborted, { once: true });
  const idle = (): void => {
    stop(new ServiceError(408, "ERR_EMPREINTE_DEADLINE", `Nothing came for ${idleSeconds} seconds`));
  };
  let bytes = 0;
  try {
    signal.throwIfAborted();
    for (;;) {
      timer = setTimeout(idle, idleSeconds * 1000);
      const next = chunks.next();
      next.catch(() => undefined);
      const { value, done } = (await Promise.race([next, stopped])) as IteratorResult<Buffer, undefined>;
      clearTimeout(timer);
      if (done === true) return;
      bytes += value.length;
      if (bytes > limits.maxBytes) throw tooLarge(`The body has more than ${limits.maxBytes} bytes`);
      yield value;
    }
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw signal.aborted ? signal.reason : new ServiceError(400, "ERR_EMPREINTE_ABORTED", "The body ended early");
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  }
}

/** Returns the number in Content-Length, where a request has one. */
export function contentLength(request: FastifyRequest): number | undefined {
  const header = request.headers["content-length"];
  return header === undefined ? undefined : Number(header);
}

/** Refuses a body that says itself that it is too long, before any of it is read. @throws {ServiceError} 413 */
export function refuseLongBody(request: FastifyRequest, maxBytes: number): void {
  const length = contentLength(request);
  if (length !== undefined && length > maxBytes) throw tooLarge(`The body has more than ${maxBytes} bytes`);
}
