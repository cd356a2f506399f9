/** Imports: a list file as a stream, or some entries in JSON. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { EntryInput, ImportCounts, ImportOptions, SourceName } from "empreinte/bank";
import { type ListFormat, openList } from "empreinte/lists";
import { bodyChunks, refuseLongBody, withCall } from "../core/call.js";
import { answerOf, ServiceError } from "../core/errors.js";
import type { Service } from "../core/service.js";
import { requireBank } from "../http/authenticate.js";
import { bankParam } from "./banks.js";
import { nameText, route, textOf } from "./route.js";
import { entriesBody, importAnswer } from "./schemas/entries.js";

interface SourceParams {
  Params: { bank: string; source: string };
}

interface Problem {
  entry?: number;
  line?: number;
  byte?: number;
  code?: string;
  reason: string;
}

const mostProblems = 100;

/** The first problems of an import. */
class Problems {
  readonly list: Problem[] = [];

  add({ entry, line, byte, code, reason }: Problem): void {
    if (this.list.length >= mostProblems) return;
    this.list.push({
      ...(entry !== undefined && { entry }),
      ...(line !== undefined && { line }),
      ...(byte !== undefined && { byte }),
      ...(code !== undefined && { code }),
      reason,
    });
  }
}

/** From so many new entries on, the index file is saved at once. */
const manyEntries = 4096;
/** A list may take long: the client's pace is limited by the idle time. */
const importSeconds = 86_400;

type EntryBatches = Parameters<Service["store"]["import"]>[1];

const sourceParams = { ...bankParam, source: nameText("The name of the source.") };

export function importRoutes(app: FastifyInstance, service: Service): void {
  listRoute(app, service);
  entriesRoute(app, service);
}

function listRoute(app: FastifyInstance, service: Service): void {
  const { config, imports } = service;
  const listed = route(
    "add",
    "Import a list file in any format, as it comes",
    { 200: importAnswer },
    {
      params: sourceParams,
      querystring: {
        format: nameText("The format. Default: by the content."),
        cursor: { type: "string", maxLength: 4096, description: "What the source gives to continue from next time." },
      },
      consumes: ["application/octet-stream", "text/*", "application/xml", "application/x-ndjson"],
    },
  );
  app.post<SourceParams>("/banks/:bank/sources/:source/import", listed, (request, reply) =>
    withCall(reply, importSeconds, async (signal) => {
      const from = sourceOf(service, request);
      if (request.body !== undefined && request.body !== null) {
        throw new ServiceError(415, "ERR_EMPREINTE_REQUEST", "Send a list file as application/octet-stream");
      }
      refuseLongBody(request, config.maxListBytes);
      const limits = { maxBytes: config.maxListBytes, idleSeconds: config.idleSeconds, signal };
      const chunks = bodyChunks(request.raw, limits);
      return imports.run(signal, async () => importList(service, from, chunks, request.query, signal));
    }),
  );
}

function entriesRoute(app: FastifyInstance, service: Service): void {
  const { config, imports } = service;
  const entries = route(
    "add",
    "Add or change entries: all of them or none",
    { 200: importAnswer },
    { params: sourceParams, body: entriesBody, idempotent: true },
  );
  app.post<SourceParams>("/banks/:bank/sources/:source/entries", entries, (request, reply) =>
    withCall(reply, config.videoSeconds, async (signal) => {
      const from = sourceOf(service, request);
      const { entries: given } = request.body as { entries: EntryInput[] };
      return imports.run(signal, async () => importEntries(service, from, given, { signal }, new Problems()));
    }),
  );
}

/** Returns the source of a request, which its caller may add to. @throws {ServiceError} 403, 404 */
function sourceOf(service: Service, request: FastifyRequest<SourceParams>): SourceName {
  const { bank, source } = request.params;
  requireBank(service, request, "add", bank);
  return { bank: service.banks.get(bank).stored, source };
}

/** Imports a list as it is received. @throws {ServiceError} 422 with how many entries were taken before the fault. */
async function importList(
  service: Service,
  from: SourceName,
  chunks: AsyncIterable<Uint8Array>,
  query: unknown,
  signal: AbortSignal,
): Promise<object> {
  const problems = new Problems();
  const format = textOf(query, "format") as ListFormat | undefined;
  const cursor = textOf(query, "cursor");
  let taken = 0;
  try {
    const list = await openList(chunks, {
      ...(format !== undefined && { format }),
      name: "the list",
      signal,
      onProblem: (problem) => {
        if (problem.skipped) problems.add(problem);
      },
    });
    const options: ImportOptions = {
      signal,
      onProgress: (_counts, number) => (taken = number),
      ...(cursor !== undefined && { importCursor: cursor }),
    };
    return { ...(await importEntries(service, from, list.batches(), options, problems)), format: list.format };
  } catch (error) {
    const { status, code, message } = answerOf(error);
    if (status !== 422 || taken === 0) throw error;
    const text = `${message} The ${taken} entries before it were taken.`;
    throw new ServiceError(422, code as "ERR_EMPREINTE_REQUEST", text);
  }
}

/** Imports entries, and returns what became of them. */
async function importEntries(
  { store, sources }: Service,
  from: SourceName,
  entries: EntryBatches,
  options: ImportOptions,
  problems: Problems,
): Promise<{ counts: ImportCounts; problems: Problem[]; revision: number }> {
  const onProblem = (problem: Problem): void => problems.add(problem);
  const counts = await store.import(from, entries, { ...options, saveIndex: false, onProblem });
  sources.checked(from.bank, from.source);
  if (counts.added + counts.changed >= manyEntries) await store.saveIndex();
  return { counts, problems: problems.list, revision: store.revision };
}
