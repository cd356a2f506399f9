/** Imports: a list file as a stream, or some entries in JSON. */
import type { FastifyInstance } from "fastify";
import type { EntryInput, ImportCounts, ImportOptions, SourceName } from "empreinte/bank";
import { type ListFormat, openList } from "empreinte/lists";
import { bodyChunks, refuseLongBody, withCall } from "../core/call.js";
import { answerOf, ServiceError } from "../core/errors.js";
import type { Service } from "../core/service.js";
import { bankParam, requireBank } from "./banks.js";
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
/** From so many new entries on, the index file is saved at once. */
const manyEntries = 4096;
/** A list may take long: the client's pace is limited by the idle time. */
const importSeconds = 86_400;

const sourceParams = { ...bankParam, source: nameText("The name of the source.") };

export function importRoutes(app: FastifyInstance, service: Service): void {
  const { store, banks, sources, config, imports } = service;

  /** Imports, and returns what became of the entries. */
  const take = async (
    from: SourceName,
    entries: Parameters<typeof store.import>[1],
    options: ImportOptions,
    problems: Problem[],
  ): Promise<{ counts: ImportCounts; problems: Problem[]; revision: number }> => {
    const counts = await store.import(from, entries, {
      ...options,
      saveIndex: false,
      onProblem: ({ entry, line, byte, code, reason }) => {
        if (problems.length < mostProblems) {
          problems.push({
            ...(entry !== undefined && { entry }),
            ...(line !== undefined && { line }),
            ...(byte !== undefined && { byte }),
            code,
            reason,
          });
        }
      },
    });
    sources.checked(from.bank, from.source);
    if (counts.added + counts.changed >= manyEntries) await store.saveIndex();
    return { counts, problems, revision: store.revision };
  };

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
      const { bank, source } = request.params;
      requireBank(service, request, "add", bank);
      const from = { bank: banks.get(bank).stored, source };
      if (request.body !== undefined && request.body !== null) {
        throw new ServiceError(415, "ERR_EMPREINTE_REQUEST", "Send a list file as application/octet-stream");
      }
      refuseLongBody(request, config.maxListBytes);
      const limits = { maxBytes: config.maxListBytes, idleSeconds: config.idleSeconds, signal };
      const chunks = bodyChunks(request.raw, limits);
      const run = async (): Promise<object> => {
        const problems: Problem[] = [];
        let taken = 0;
        const format = textOf(request.query, "format") as ListFormat | undefined;
        const onProblem = ({ entry, line, byte, code, reason, skipped }: Problem & { skipped: boolean }): void => {
          if (!skipped || problems.length >= mostProblems) return;
          problems.push({
            ...(entry !== undefined && { entry }),
            ...(line !== undefined && { line }),
            ...(byte !== undefined && { byte }),
            ...(code !== undefined && { code }),
            reason,
          });
        };
        try {
          const list = await openList(chunks, {
            ...(format !== undefined && { format }),
            name: "the list",
            signal,
            onProblem,
          });
          const cursor = textOf(request.query, "cursor");
          const options: ImportOptions = {
            signal,
            onProgress: (_counts, number) => (taken = number),
            ...(cursor !== undefined && { importCursor: cursor }),
          };
          return { ...(await take(from, list.batches(), options, problems)), format: list.format };
        } catch (error) {
          const { status, code, message } = answerOf(error);
          if (status !== 422 || taken === 0) throw error;
          throw new ServiceError(
            422,
            code as "ERR_EMPREINTE_REQUEST",
            `${message} The ${taken} entries before it were taken.`,
          );
        }
      };
      return imports.run(signal, run);
    }),
  );

  const entries = route(
    "add",
    "Add or change entries: all of them or none",
    { 200: importAnswer },
    { params: sourceParams, body: entriesBody, idempotent: true },
  );
  app.post<SourceParams>("/banks/:bank/sources/:source/entries", entries, (request, reply) =>
    withCall(reply, config.videoSeconds, async (signal) => {
      const { bank, source } = request.params;
      requireBank(service, request, "add", bank);
      const from = { bank: banks.get(bank).stored, source };
      const { entries: given } = request.body as { entries: EntryInput[] };
      return imports.run(signal, () => take(from, given, { signal }, []));
    }),
  );
}
