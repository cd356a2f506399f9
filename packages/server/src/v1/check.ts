/** /v1/check and what follows a decision: explain and qualify. */
import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LimitError } from "empreinte";
import type { CheckQuery, Decision, QualifyInput } from "empreinte/bank";
import { type BodyLimits, bodyChunks, type Call, refuseLongBody, startCall } from "../core/call.js";
import { answerOf, badRequest } from "../core/errors.js";
import { type Level, levels, type Matching } from "../core/matching.js";
import { type HeldImage, holdImage, sniffBody, videoBehind } from "../core/media.js";
import type { Service } from "../core/service.js";
import type { CheckedUpload } from "../core/video-parts.js";
import { Review } from "../review/review.js";
import { shownDecision, shownUpload, storedDecision } from "./decisions.js";
import { route, switchText, textOf } from "./route.js";
import {
  checkAnswer,
  checkBody,
  explainBody,
  explanationSchema,
  qualificationSchema,
  qualifyBody,
} from "./schemas/decisions.js";
import { type Schema } from "./schemas/parts.js";

const media = ["application/octet-stream", "image/*", "video/*", "multipart/form-data", "application/json"];

/** What the platform calls an upload. It is no hash: it becomes a part of an address. */
const referenceText = {
  type: "string",
  pattern: "^(?![0-9A-Fa-f]{24})[A-Za-z0-9._~:-]{1,200}$",
  description:
    "What you call the upload: sent back with the outcome of a review, and given to reviewMediaUrl. No hash.",
};

/** Fields before the file of a form, which count for nothing. */
const mostFields = 20;

/** The first file of a form, or the body itself. */
async function bodyOf(request: FastifyRequest): Promise<Readable> {
  if (!request.isMultipart()) return request.raw;
  let count = 0;
  for await (const part of request.parts()) {
    if (part.type === "file") return part.file;
    if (++count > mostFields) throw badRequest("The form has too many parts");
  }
  throw badRequest("The form has no file");
}

export function checkRoutes(app: FastifyInstance, service: Service, matching: Matching): void {
  const { config, matcher, rates, images, videos } = service;

  /** Decides about an image or a video as it comes. */
  const checkMedia = async (request: FastifyRequest, call: Call): Promise<CheckedUpload> => {
    const reference = textOf(request.query, "reference");
    const level = (textOf(request.query, "level") ?? "fast") as Level;
    const all = textOf(request.query, "all") === "true";
    const asVideo = textOf(request.query, "kind") === "video";
    const asImage = textOf(request.query, "kind") === "image";
    refuseLongBody(
      request,
      asImage ? config.maxImageBytes + 65_536 : Math.max(config.maxVideoBytes, config.maxImageBytes),
    );
    (asVideo ? videos : images).check();
    const limits: BodyLimits = {
      maxBytes: Math.max(config.maxVideoBytes, config.maxImageBytes),
      idleSeconds: config.idleSeconds,
      signal: call.signal,
    };
    const { kind, chunks } = await sniffBody(bodyChunks(await bodyOf(request), limits));
    if (asVideo || (kind === "video" && !asImage)) {
      limits.maxBytes = config.maxVideoBytes;
      refuseLongBody(request, config.maxVideoBytes + 65_536);
      const checked = await matching.checkVideo(chunks, level, call.signal);
      for (const { part, decision } of checked.parts) matching.report(decision, { kind: "video", reference, part });
      return checked;
    }
    // What is no image may still have the digest of a known file.
    limits.maxBytes = config.maxImageBytes;
    refuseLongBody(request, config.maxImageBytes + 65_536);
    call.limit(config.imageSeconds);
    const image = await holdImage(chunks, service.memory);
    try {
      const decision = await matching.checkImage(image, level, all, call.signal);
      const isForReview = service.review !== undefined && Review.isFor(decision);
      const preview = isForReview ? await service.review?.preview(image, call.signal) : undefined;
      const { parts, incomplete } = await checkBehind(image, level, call);
      matching.report(decision, { kind: "image", reference, preview }, image);
      for (const { part, decision } of parts) matching.report(decision, { kind: "video", reference, part });
      return { parts: [{ part: undefined, decision }, ...parts], incomplete };
    } finally {
      image.release();
    }
  };

  /** Decides about the video behind an image, where there is one. */
  const checkBehind = async (image: HeldImage, level: Level, call: Call): Promise<CheckedUpload> => {
    let behind: Awaited<ReturnType<typeof videoBehind>>;
    try {
      behind = await videoBehind(image, service.memory);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return {
        parts: [],
        incomplete: [`Nobody knows whether a video is behind the image: ${answerOf(error).message}`],
      };
    }
    if (behind === undefined) return { parts: [], incomplete: [] };
    try {
      call.limit(config.videoSeconds);
      return await matching.checkEmbedded(behind.video, level, call.signal);
    } finally {
      behind.release();
    }
  };

  const checkHashes = async (request: FastifyRequest, call: Call): Promise<Decision[]> => {
    const { queries } = request.body as { queries: CheckQuery[] };
    const { principal } = request;
    if (queries.some(({ hash, digests }) => hash === undefined && Object.keys(digests ?? {}).length === 0)) {
      throw badRequest("Each query needs a hash or a digest");
    }
    const limit = principal.scopes.has("admin") ? 0 : config.hashLookupsPerMinute;
    rates.take(principal.name, principal.lookups ?? limit, queries.length);
    const decisions: Decision[] = [];
    for (const query of queries) {
      const full: CheckQuery = query.hash === undefined ? query : { quality: 100, stable: true, ...query };
      decisions.push(await matcher.checkHash(full, { signal: call.signal }));
    }
    return decisions;
  };

  const level = { type: "string", enum: [...levels], description: "How much is searched for. Default fast." };
  const kind = { type: "string", enum: ["image", "video"], description: "What the body is. Default: by its content." };
  const options = route(
    "match",
    "Decide about an image, a video, or hashes",
    { 200: checkAnswer },
    {
      querystring: { level, kind, reference: referenceText, all: switchText("Whether to search to the end.") },
      consumes: media,
    },
  );
  app.post("/check", { ...options, preHandler: jsonBody(checkBody) }, async (request, reply: FastifyReply) => {
    const call = startCall(reply, config.videoSeconds);
    try {
      const { scopes } = request.principal;
      const shown = (decision: Decision): Decision => shownDecision(decision, scopes, service.banks.namer());
      if (!isJson(request)) return shownUpload(await checkMedia(request, call), shown);
      call.limit(config.imageSeconds);
      const decisions = await checkHashes(request, call);
      const reference = textOf(request.query, "reference");
      for (const decision of decisions) matching.report(decision, { kind: "image", reference });
      return { decisions: decisions.map(shown) };
    } finally {
      call.end();
    }
  });

  const explained = route(
    "review",
    "Make a decision again, as the store was",
    { 200: explanationSchema },
    { body: explainBody },
  );
  app.post("/explain", explained, async (request) => {
    const { decision } = request.body as { decision: Decision };
    const { same, gone, decision: again } = matcher.explain(storedDecision(service, decision));
    return { same, gone, decision: shownDecision(again, request.principal.scopes, service.banks.namer()) };
  });

  const qualified = route(
    "review",
    "Record what an analyst says about the upload of a decision",
    { 200: qualificationSchema },
    { body: qualifyBody, idempotent: true },
  );
  app.post("/qualify", qualified, async (request) => {
    const { decision, ...given } = request.body as { decision: Decision } & QualifyInput;
    return matcher.qualify(storedDecision(service, decision), given);
  });
}

const isJson = (request: FastifyRequest): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\b/i.test(request.headers["content-type"] ?? "");

/** Checks the body where it is JSON. The same route takes media, which have no schema. */
function jsonBody(schema: Schema): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    if (!isJson(request)) return;
    const check = request.compileValidationSchema(schema, "body");
    if (check(request.body)) return;
    const [first] = check.errors ?? [];
    throw badRequest(`body${first?.instancePath ?? ""} ${first?.message ?? "does not fit"}`);
  };
}
