/** The contents of a bank: our entries. The bank in the path is checked. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { EntryInfo, EntryInput } from "empreinte/bank";
import { withCall } from "../core/call.js";
import { ServiceError } from "../core/errors.js";
import type { Matching } from "../core/matching.js";
import { removeEntries } from "../core/removals.js";
import type { Service } from "../core/service.js";
import { requireScope } from "../http/authenticate.js";
import { hmaBank } from "./banks.js";
import { hashForm, hashUrl } from "./media.js";
import { type ContentNotes, Notes, readNote, readNotes } from "./metadata.js";
import { type Fields, message, objectBody, text } from "./params.js";
import { type HmaSignalType, isSignalType, storedType, validSignal } from "./signal-types.js";

/** The source of what HMA's clients add. */
const source = "hma";
/** How a pause without an end is kept, and shown as 0. */
const forEver = Date.UTC(9999, 0, 1);
const fiveYears = 5 * 365 * 86_400;

interface ContentPath {
  Params: { bank: string; id: string };
}

/** HMA's number for a pause: 1 none, 0 without an end, or the second at which it ends. */
function disabledUntil({ disabledUntil: until }: EntryInfo): number {
  if (until === undefined) return 1;
  return until.getTime() >= forEver ? 0 : Math.floor(until.getTime() / 1000);
}

/** The values of an entry by HMA's types. */
function signalsOf({ signals }: EntryInfo): Record<string, string> {
  const byType = signals.map(({ type, value }): [string, string] => [type === "md5" ? "video_md5" : type, value]);
  return Object.fromEntries(byType.toReversed());
}

/** Where an entry comes from, if no HMA client added it. */
const collabOf = (entry: EntryInfo): Record<string, string[]> | null =>
  entry.source === source || entry.entryId === undefined ? null : { [entry.source]: [entry.entryId] };

/** Reads the number of a pause from a body. @throws {ServiceError} 400 */
function readPause(value: unknown, now: number): Date | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number(value ?? Number.NaN);
  const fits = ["string", "number", "boolean"].includes(typeof value) && Number.isFinite(number);
  if (!fits) throw message(400, `Invalid int: '${String(value).slice(0, 64)}'`);
  const seconds = Math.trunc(number);
  if (seconds < 0) throw message(400, "disable_until_ts must be a non-negative integer");
  if (seconds > now / 1000 + fiveYears) {
    throw message(400, "disable_until_ts must be less than 5 years in the future");
  }
  if (seconds === 1) return null;
  return new Date(seconds === 0 ? forEver : seconds * 1000);
}

export function contentRoutes(app: FastifyInstance, service: Service, matching: Matching): void {
  const { store, state } = service;
  const notes = new Notes(state);

  const allow = (request: FastifyRequest, scope: "match" | "add" | "withdraw", bank: string): void =>
    requireScope(service, request, request.principal.scopes.allows(scope, bank), `${scope}:${bank}`);

  /** The entry of a path: in this bank, and not withdrawn. */
  const find = (bank: string, id: string): EntryInfo | undefined => {
    const { stored } = hmaBank(service, bank);
    const entryNumber = /^\d{1,15}$/.test(id) ? Number(id) : 0;
    const entry = entryNumber < 1 ? undefined : store.entry({ entryNumber });
    return entry?.bank === stored && entry.status !== "withdrawn" ? entry : undefined;
  };
  const get = (bank: string, id: string): EntryInfo => {
    const entry = find(bank, id);
    if (entry === undefined) throw message(404, `content '${id}' not found`);
    return entry;
  };

  /** Adds one entry, and returns its number. Its values may be looked up at once. */
  const add = async (
    bank: string,
    signals: readonly [HmaSignalType, string][],
    about: ContentNotes & { quality?: number | undefined },
  ): Promise<{ id: number; signals: Record<string, string> }> => {
    const { stored } = hmaBank(service, bank);
    const entryId = randomUUID();
    const entry: EntryInput = {
      id: entryId,
      signals: signals.map(([type, value]) => {
        const quality = type === "pdq" ? about.quality : undefined;
        return { type: storedType[type], value, ...(quality !== undefined && { quality }) };
      }),
      time: service.now(),
    };
    let problem: string | undefined;
    const from = { bank: stored, source };
    await store.import(from, [entry], { saveIndex: false, onProblem: ({ reason }) => (problem = reason) });
    const added = store.entry({ ...from, entryId });
    if (added === undefined) throw message(400, `The signals were not taken: ${problem ?? "no reason given"}`);
    notes.set(added.entryNumber, about);
    return { id: added.entryNumber, signals: Object.fromEntries(signals) };
  };

  app.post<{ Params: { bank: string } }>("/c/bank/:bank/content", { config: { scope: "add" } }, (request, reply) => {
    const { bank } = request.params;
    return withCall(reply, service.config.videoSeconds, async (signal) => {
      allow(request, "add", bank);
      hmaBank(service, bank);
      const query = { ...(request.query as Fields) };
      const url = text(query, "url");
      const context = { service, matching, request, reply, signal };
      if ((url === undefined || url === "") && !request.isMultipart()) {
        throw message(400, "Neither `url` nor multipart file upload was received");
      }
      const fetched = url !== undefined && url !== "";
      if (fetched) readNotes(request.body, {}, query);
      const hashed = fetched ? await hashUrl(context, url, query) : await hashForm(context, query);
      const about = readNotes(request.body, hashed.fields, query);
      const signals = Object.entries(hashed.signals).flatMap(([name, value]): [HmaSignalType, string][] =>
        isSignalType(name) && value !== "" ? [[name, value]] : [],
      );
      if (signals.length === 0) throw message(400, "Invalid pdq signal: the image has too little detail to be hashed");
      return add(bank, signals, { ...about, quality: hashed.quality });
    });
  });

  app.post<{ Params: { bank: string } }>("/c/bank/:bank/signal", { config: { scope: "add" } }, async (request) => {
    const { bank } = request.params;
    allow(request, "add", bank);
    hmaBank(service, bank);
    const { note, ...given } = objectBody(request.body);
    const about = { metadata: undefined, note: readNote(note) };
    if (Object.keys(given).length === 0) throw message(400, "No signals given");
    const signals = Object.entries(given).map(([name, value]): [HmaSignalType, string] => {
      if (!isSignalType(name)) throw message(400, `No such signal type ${name}`);
      try {
        return [name, validSignal(name, String(value))];
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        throw message(400, `Invalid ${name} signal: ${error.message}`);
      }
    });
    return add(bank, signals, about);
  });

  app.get<ContentPath>("/c/bank/:bank/content/:id", { config: { scope: "match" } }, async (request) => {
    const { bank, id } = request.params;
    allow(request, "match", bank);
    const query = { ...(request.query as Fields) };
    const entry = get(bank, id);
    const { name, matching_enabled_ratio } = hmaBank(service, bank);
    const { metadata, note } = notes.get(entry.entryNumber);
    const collab = collabOf(entry);
    const { content_id = null, content_uri = null, json = null } = metadata ?? {};
    const withMetadata = (text(query, "include_metadata") ?? "true").toLowerCase() === "true";
    return {
      id: entry.entryNumber,
      disable_until_ts: disabledUntil(entry),
      original_media_uri: null,
      bank: { name, matching_enabled_ratio },
      ...((text(query, "include_signals") ?? "").toLowerCase() === "true" && { signals: signalsOf(entry) }),
      ...(withMetadata &&
        (metadata !== undefined || collab !== null) && { metadata: { content_id, content_uri, json, collab } }),
      ...(note !== undefined && { note }),
    };
  });

  app.put<ContentPath>("/c/bank/:bank/content/:id", { config: { scope: "withdraw" } }, async (request) => {
    const { bank, id } = request.params;
    allow(request, "withdraw", bank);
    const { entryNumber } = get(bank, id);
    const body = objectBody(request.body);
    const about = notes.get(entryNumber);
    const until = Object.hasOwn(body, "disable_until_ts")
      ? readPause(body["disable_until_ts"], service.now())
      : undefined;
    const note = Object.hasOwn(body, "note") ? readNote(body["note"]) : about.note;
    if (until !== undefined) store.disable({ entryNumber }, until);
    notes.set(entryNumber, { ...about, note });
    const entry = get(bank, id);
    const { name, matching_enabled_ratio } = hmaBank(service, bank);
    return {
      id: entryNumber,
      disable_until_ts: disabledUntil(entry),
      collab_metadata: collabOf(entry) ?? {},
      original_media_uri: null,
      bank: { name, matching_enabled_ratio },
      user_metadata: about.metadata ?? null,
      note: note ?? null,
    };
  });

  app.delete<ContentPath>("/c/bank/:bank/content/:id", { config: { scope: "withdraw" } }, async (request) => {
    const { bank, id } = request.params;
    allow(request, "withdraw", bank);
    const entry = find(bank, id);
    if (entry === undefined) return { deleted: 0 };
    const { entryNumber } = entry;
    const { entries } = await removeEntries(service, "withdraw", { entryNumber });
    return { deleted: entries };
  });
}
