/** What HMA's clients send or point at: one file, and fields beside it. */
import type { Multipart, MultipartFile } from "@fastify/multipart";
import type { FastifyReply, FastifyRequest } from "fastify";
import { FetchError } from "empreinte-fetch";
import type { CheckQuery } from "empreinte/bank";
import { Readable } from "node:stream";
import { bodyChunks, refuseLongBody } from "../core/call.js";
import { ServiceError } from "../core/errors.js";
import type { Matching } from "../core/matching.js";
import { hasVideoBehind, holdImage, sniffBody } from "../core/media.js";
import type { Service } from "../core/service.js";
import { type Fields, message, names, text } from "./params.js";
import { type ContentType, contentType, type HmaSignalType, typesOf } from "./signal-types.js";

/** The signals of a content. The value of an image without enough detail is "", as HMA's clients know it. */
export interface HashedMedia {
  signals: Partial<Record<HmaSignalType, string>>;
  /** What to look up for each type; none if there is nothing to find. */
  queries: Partial<Record<HmaSignalType, CheckQuery>>;
  /** The quality of an image's hash. */
  quality?: number;
  /** Fields of the form beside the file. */
  fields: Record<string, string>;
}

export interface MediaContext {
  service: Service;
  matching: Matching;
  request: FastifyRequest;
  reply: FastifyReply;
  signal: AbortSignal;
}

/** What of a content no signal is about. HMA's answers have no place for it, and its clients skip headers. */
const notLookedAt = "x-empreinte-not-looked-at";

/** Below this quality HMA has no hash of an image. */
const leastQuality = 50;
/** A form has its file, and metadata and a note beside it. */
const mostParts = 20;
const missingFile = "Missing multipart/form-data file upload";

async function hashContent(
  { service, matching, reply, signal }: MediaContext,
  content: ContentType,
  types: readonly HmaSignalType[],
  body: AsyncGenerator<Buffer, void, undefined>,
): Promise<Omit<HashedMedia, "fields">> {
  if (types.length === 0) throw message(400, "empty signal type selection");
  if (content === "video") {
    reply.header(notLookedAt, "frames");
    const { md5 } = await service.videos.run(signal, () => matching.digestBody(body));
    return { signals: { video_md5: md5 }, queries: { video_md5: { digests: { md5 } } } };
  }
  const image = await holdImage(body, service.memory);
  try {
    const hashed = await matching.hashImage(image, signal);
    const rest = [
      ...(hashed.furtherPages ? ["further-images"] : []),
      ...((await hasVideoBehind(image)) ? ["embedded-video"] : []),
    ];
    if (rest.length > 0) reply.header(notLookedAt, rest.join(", "));
    const { hash, quality, stable, orientations } = hashed;
    if (quality < leastQuality) return { signals: { pdq: "" }, queries: {}, quality };
    const query: CheckQuery = { hash, quality, stable, ...(orientations !== undefined && { orientations }) };
    return { signals: { pdq: hash }, queries: { pdq: query }, quality };
  } finally {
    image.release();
  }
}

const maxBytes = ({ config }: Service, content: ContentType): number =>
  content === "video" ? config.maxVideoBytes : config.maxImageBytes;

/** Hashes the one file of a form. Its field's name is its content type. */
export async function hashForm(context: MediaContext, query: Fields): Promise<HashedMedia> {
  const { service, request, signal } = context;
  if (!request.isMultipart()) throw message(400, missingFile);
  const { idleSeconds, maxVideoBytes } = service.config;
  refuseLongBody(request, maxVideoBytes);
  const fields: Record<string, string> = {};
  let hashed: Omit<HashedMedia, "fields"> | undefined;
  let count = 0;
  for await (const part of formParts(request, signal)) {
    if (++count > mostParts) throw message(400, "The form has too many parts");
    if (part.type === "field") {
      if (typeof part.value === "string") fields[part.fieldname] = part.value;
      continue;
    }
    if (hashed !== undefined) throw message(400, "Only one file allowed per request");
    const content = contentType(part.fieldname);
    const types = typesOf(service.state, content, names(query, "types"));
    (content === "video" ? service.videos : service.images).check();
    if (content === "photo") refuseLongBody(request, maxBytes(service, content) + 65_536);
    const body = bodyChunks(part.file, { maxBytes: maxBytes(service, content), idleSeconds, signal });
    hashed = await hashContent(context, content, types, body);
  }
  if (hashed === undefined) throw message(400, missingFile);
  return { ...hashed, fields };
}

/** Yields the parts of a form, until the call ends. */
async function* formParts(request: FastifyRequest, signal: AbortSignal): AsyncGenerator<Multipart | MultipartFile> {
  const parts = request.parts();
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  ended.catch(() => undefined);
  for (;;) {
    const next = parts.next();
    next.catch(() => undefined);
    const { value, done } = await Promise.race([next, ended]);
    if (done === true) return;
    yield value;
  }
}

/** Fetches and hashes what a URL leads to. */
export async function hashUrl(context: MediaContext, url: string, query: Fields): Promise<HashedMedia> {
  const { service, signal } = context;
  if (!service.config.fetchUrls) {
    throw message(400, "Invalid or unsafe URL provided: this service does not fetch URLs (option fetchUrls)");
  }
  const given = text(query, "content_type");
  const wanted = given === undefined || given === "" ? undefined : contentType(given);
  const { videoSeconds, imageSeconds, maxVideoBytes, maxImageBytes, idleSeconds } = service.config;
  const deadlineSeconds = wanted === "photo" ? imageSeconds : videoSeconds;
  const most = wanted === "photo" ? maxImageBytes : Math.max(maxVideoBytes, maxImageBytes);
  try {
    const response = await service.fetcher.fetch(url, { deadlineSeconds, maxBytes: most, signal });
    try {
      if (response.status !== 200) throw message(400, `Failed to fetch URL: status ${response.status}`);
      const body = bodyChunks(Readable.from(response.body), { maxBytes: most, idleSeconds, signal });
      // By content: what the server says of it may be wrong or missing.
      const { kind, chunks } = await sniffBody(body);
      const content = wanted ?? (kind === "video" ? "video" : kind === "image" ? "photo" : undefined);
      if (content === undefined) throw message(400, "unsupported url content: it is neither an image nor a video");
      const types = typesOf(service.state, content, names(query, "types"));
      async function* limited(): AsyncGenerator<Buffer, void, undefined> {
        let bytes = 0;
        for await (const chunk of chunks) {
          bytes += chunk.length;
          if (bytes > maxBytes(service, content!)) throw tooLong();
          yield chunk;
        }
      }
      return { ...(await hashContent(context, content, types, limited())), fields: {} };
    } finally {
      response.discard();
    }
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    if (error.code === "ERR_EMPREINTE_FETCH_LIMIT") throw tooLong();
    const unsafe = error.code === "ERR_EMPREINTE_FETCH_URL" || error.code === "ERR_EMPREINTE_FETCH_ADDRESS";
    throw message(400, `${unsafe ? "Invalid or unsafe URL provided" : "Failed to fetch URL"}: ${error.message}`);
  }
}

const tooLong = (): ServiceError => new ServiceError(413, "ERR_EMPREINTE_TOO_LARGE", "Content too large");
