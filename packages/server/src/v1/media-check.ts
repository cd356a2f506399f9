/** Decides about an image or a video while it is received. */
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { LimitError } from "empreinte";
import { type BodyLimits, bodyChunks, type Call, refuseLongBody } from "../core/call.js";
import { answerOf, badRequest } from "../core/errors.js";
import type { Level, Matching } from "../core/matching.js";
import { type HeldImage, holdImage, sniffBody, videoBehind } from "../core/media.js";
import type { Service } from "../core/service.js";
import type { CheckedUpload } from "../core/video-parts.js";
import { Review } from "../review/review.js";
import { textOf } from "./route.js";

/** Fields before the file of a form, which count for nothing. */
const mostFields = 20;

/** Returns the first file of a form, or the body itself. */
async function bodyOf(request: FastifyRequest): Promise<Readable> {
  if (!request.isMultipart()) return request.raw;
  let count = 0;
  for await (const part of request.parts()) {
    if (part.type === "file") return part.file;
    if (++count > mostFields) throw badRequest("The form has too many parts");
  }
  throw badRequest("The form has no file");
}

type Chunks = Awaited<ReturnType<typeof sniffBody>>["chunks"];

/** What the query of a check asks for. */
interface Wanted {
  reference: string | undefined;
  level: Level;
  /** Whether to search to the end. */
  all: boolean;
  /** What the body is. Default: by its content. */
  kind: "image" | "video" | undefined;
}

function wantedOf({ query }: FastifyRequest): Wanted {
  return {
    reference: textOf(query, "reference"),
    level: (textOf(query, "level") ?? "fast") as Level,
    all: textOf(query, "all") === "true",
    kind: textOf(query, "kind") as Wanted["kind"],
  };
}

/** Decides about uploads. */
export class MediaCheck {
  readonly #service: Service;
  readonly #matching: Matching;

  constructor(service: Service, matching: Matching) {
    this.#service = service;
    this.#matching = matching;
  }

  /** Decides about the body of a request, and reports what matches. */
  async check(request: FastifyRequest, call: Call): Promise<CheckedUpload> {
    const { config, images, videos } = this.#service;
    const wanted = wantedOf(request);
    const most = Math.max(config.maxVideoBytes, config.maxImageBytes);
    refuseLongBody(request, wanted.kind === "image" ? config.maxImageBytes + 65_536 : most);
    (wanted.kind === "video" ? videos : images).check();
    const limits: BodyLimits = { maxBytes: most, idleSeconds: config.idleSeconds, signal: call.signal };
    const { kind, chunks } = await sniffBody(bodyChunks(await bodyOf(request), limits));
    if ((wanted.kind ?? kind) === "video") {
      limits.maxBytes = config.maxVideoBytes;
      refuseLongBody(request, config.maxVideoBytes + 65_536);
      return this.#checkVideo(chunks, wanted, call);
    }
    // What is no image may still have the digest of a known file.
    limits.maxBytes = config.maxImageBytes;
    refuseLongBody(request, config.maxImageBytes + 65_536);
    call.limit(config.imageSeconds);
    return this.#checkImage(chunks, wanted, call);
  }

  async #checkVideo(chunks: Chunks, { level, reference }: Wanted, call: Call): Promise<CheckedUpload> {
    const checked = await this.#matching.checkVideo(chunks, level, call.signal);
    for (const { part, decision } of checked.parts) {
      this.#matching.report(decision, { kind: "video", reference, part });
    }
    return checked;
  }

  async #checkImage(chunks: Chunks, { level, all, reference }: Wanted, call: Call): Promise<CheckedUpload> {
    const { memory, review } = this.#service;
    const image = await holdImage(chunks, memory);
    try {
      const { furtherPages, ...decision } = await this.#matching.checkImage(image, level, all, call.signal);
      const preview = Review.isFor(decision) ? await review?.preview(image, call.signal) : undefined;
      const { parts, incomplete } = await this.#checkBehind(image, level, call);
      this.#matching.report(decision, { kind: "image", reference, preview }, image);
      for (const { part, decision } of parts) this.#matching.report(decision, { kind: "video", reference, part });
      const notRead = furtherPages ? ["Only the first image of the file was looked at, not those behind it"] : [];
      return { parts: [{ part: undefined, decision }, ...parts], incomplete: [...notRead, ...incomplete] };
    } finally {
      image.release();
    }
  }

  /** Decides about the video behind an image, where there is one. */
  async #checkBehind(image: HeldImage, level: Level, call: Call): Promise<CheckedUpload> {
    let behind: Awaited<ReturnType<typeof videoBehind>>;
    try {
      behind = await videoBehind(image, this.#service.memory);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return {
        parts: [],
        incomplete: [`Nobody knows whether a video is behind the image: ${answerOf(error).message}`],
      };
    }
    if (behind === undefined) return { parts: [], incomplete: [] };
    try {
      call.limit(this.#service.config.videoSeconds);
      return await this.#matching.checkEmbedded(behind.video, level, call.signal);
    } finally {
      behind.release();
    }
  }
}
