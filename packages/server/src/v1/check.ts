/** /v1/check and what follows a decision: explain and qualify. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { CheckQuery, Decision, QualifyInput } from "empreinte/bank";
import { type Call, startCall } from "../core/call.js";
import { badRequest } from "../core/errors.js";
import { levels, type Matching } from "../core/matching.js";
import type { Service } from "../core/service.js";
import { shownDecision, shownUpload, storedDecision } from "./decisions.js";
import { MediaCheck } from "./media-check.js";
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

const mediaTypes = ["application/octet-stream", "image/*", "video/*", "multipart/form-data", "application/json"];

/** What the platform calls an upload. It is no hash: it becomes a part of an address. */
const referenceText = {
  type: "string",
  pattern: "^(?![0-9A-Fa-f]{24})[A-Za-z0-9._~:-]{1,200}$",
  description:
    "What you call the upload: sent back with the outcome of a review, and given to reviewMediaUrl. No hash.",
};

export function checkRoutes(app: FastifyInstance, service: Service, matching: Matching): void {
  checkRoute(app, service, matching);
  explainRoute(app, service);
  qualifyRoute(app, service);
}

function checkRoute(app: FastifyInstance, service: Service, matching: Matching): void {
  const media = new MediaCheck(service, matching);
  const level = { type: "string", enum: [...levels], description: "How much is searched for. Default fast." };
  const kind = { type: "string", enum: ["image", "video"], description: "What the body is. Default: by its content." };
  const options = route(
    "match",
    "Decide about an image, a video, or hashes",
    { 200: checkAnswer },
    {
      querystring: { level, kind, reference: referenceText, all: switchText("Whether to search to the end.") },
      consumes: mediaTypes,
    },
  );
  app.post("/check", { ...options, preHandler: jsonBody(checkBody) }, async (request, reply: FastifyReply) => {
    const call = startCall(reply, service.config.videoSeconds);
    try {
      const { scopes } = request.principal;
      const shown = (decision: Decision): Decision => shownDecision(decision, scopes, service.banks.namer());
      if (!isJson(request)) return shownUpload(await media.check(request, call), shown);
      call.limit(service.config.imageSeconds);
      const decisions = await checkHashes(service, request, call);
      const reference = textOf(request.query, "reference");
      for (const decision of decisions) matching.report(decision, { kind: "image", reference });
      return { decisions: decisions.map(shown) };
    } finally {
      call.end();
    }
  });
}

/** Decides about hashes and digests, one decision a query. */
async function checkHashes(service: Service, request: FastifyRequest, call: Call): Promise<Decision[]> {
  const { config, matcher, rates } = service;
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
}

function explainRoute(app: FastifyInstance, service: Service): void {
  const explained = route(
    "review",
    "Make a decision again, as the store was",
    { 200: explanationSchema },
    { body: explainBody },
  );
  app.post("/explain", explained, async (request) => {
    const { decision } = request.body as { decision: Decision };
    const { same, gone, decision: again } = service.matcher.explain(storedDecision(service, decision));
    return { same, gone, decision: shownDecision(again, request.principal.scopes, service.banks.namer()) };
  });
}

function qualifyRoute(app: FastifyInstance, service: Service): void {
  const qualified = route(
    "review",
    "Record what an analyst says about the upload of a decision",
    { 200: qualificationSchema },
    { body: qualifyBody, idempotent: true },
  );
  app.post("/qualify", qualified, async (request) => {
    const { decision, ...given } = request.body as { decision: Decision } & QualifyInput;
    return service.matcher.qualify(storedDecision(service, decision), given);
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
