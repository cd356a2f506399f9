/** The routes of a bank's contents. The bank in the path is checked. */
import type { FastifyInstance } from "fastify";
import type { EntryInfo } from "empreinte/bank";
import { withCall } from "../core/call.js";
import { ServiceError } from "../core/errors.js";
import type { Matching } from "../core/matching.js";
import { removeEntries } from "../core/removals.js";
import type { Service } from "../core/service.js";
import { requireBank } from "../http/authenticate.js";
import { hmaBank } from "./banks.js";
import { Contents, source } from "./contents.js";
import { hashForm, hashUrl } from "./media.js";
import { readNote, readNotes } from "./metadata.js";
import { type Fields, message, objectBody, text } from "./params.js";
import { type HmaSignalType, isSignalType, validSignal } from "./signal-types.js";

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

/** What the routes need. */
interface ContentContext {
  service: Service;
  matching: Matching;
  contents: Contents;
}

export function contentRoutes(app: FastifyInstance, service: Service, matching: Matching): void {
  const context = { service, matching, contents: new Contents(service) };
  addMedia(app, context);
  addSignals(app, context);
  showContent(app, context);
  changeContent(app, context);
  removeContent(app, context);
}

/** Adds the hashes of a file or of what is at an address. */
function addMedia(app: FastifyInstance, { service, contents, matching }: ContentContext): void {
  app.post<{ Params: { bank: string } }>("/c/bank/:bank/content", { config: { scope: "add" } }, (request, reply) => {
    const { bank } = request.params;
    return withCall(reply, service.config.videoSeconds, async (signal) => {
      requireBank(service, request, "add", bank);
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
      return contents.add(bank, signals, { ...about, quality: hashed.quality });
    });
  });
}

/** Adds values that are given. */
function addSignals(app: FastifyInstance, { service, contents }: ContentContext): void {
  app.post<{ Params: { bank: string } }>("/c/bank/:bank/signal", { config: { scope: "add" } }, async (request) => {
    const { bank } = request.params;
    requireBank(service, request, "add", bank);
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
    return contents.add(bank, signals, about);
  });
}

/** Shows a content. */
function showContent(app: FastifyInstance, { service, contents }: ContentContext): void {
  app.get<ContentPath>("/c/bank/:bank/content/:id", { config: { scope: "match" } }, async (request) => {
    const { bank, id } = request.params;
    requireBank(service, request, "match", bank);
    const query = { ...(request.query as Fields) };
    const entry = contents.get(bank, id);
    const { name, matching_enabled_ratio } = hmaBank(service, bank);
    const { metadata, note } = contents.notes.get(entry.entryNumber);
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
}

/** Pauses a content, or changes its note. */
function changeContent(app: FastifyInstance, { service, contents }: ContentContext): void {
  app.put<ContentPath>("/c/bank/:bank/content/:id", { config: { scope: "withdraw" } }, async (request) => {
    const { bank, id } = request.params;
    requireBank(service, request, "withdraw", bank);
    const { entryNumber } = contents.get(bank, id);
    const body = objectBody(request.body);
    const about = contents.notes.get(entryNumber);
    const until = Object.hasOwn(body, "disable_until_ts")
      ? readPause(body["disable_until_ts"], service.now())
      : undefined;
    const note = Object.hasOwn(body, "note") ? readNote(body["note"]) : about.note;
    if (until !== undefined) service.store.disable({ entryNumber }, until);
    contents.notes.set(entryNumber, { ...about, note });
    const entry = contents.get(bank, id);
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
}

/** Withdraws a content. */
function removeContent(app: FastifyInstance, { service, contents }: ContentContext): void {
  app.delete<ContentPath>("/c/bank/:bank/content/:id", { config: { scope: "withdraw" } }, async (request) => {
    const { bank, id } = request.params;
    requireBank(service, request, "withdraw", bank);
    const entry = contents.find(bank, id);
    if (entry === undefined) return { deleted: 0 };
    const { entryNumber } = entry;
    const { entries } = await removeEntries(service, "withdraw", { entryNumber });
    return { deleted: entries };
  });
}
