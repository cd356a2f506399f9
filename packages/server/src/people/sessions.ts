/** Sessions of persons: a cookie whose SHA-256 the state has, and a token that each form carries. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Config } from "../config/options.js";
import type { State } from "../core/state.js";
import type { People, Person } from "./people.js";

/** A person who has signed in. */
export interface Session {
  digest: Buffer;
  person: Person;
  /** What forms and scripts of the page send back. Another site cannot know it. */
  token: string;
  /** Whether the person allowed colour in this session. */
  colour: boolean;
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
/** How often the time of the last call is written. */
const writeMilliseconds = 30_000;

/** The sessions of a service. */
export class Sessions {
  readonly #state: State;
  readonly #people: People;
  readonly #config: Config;
  readonly #now: () => number;

  constructor(state: State, people: People, config: Config, now: () => number) {
    this.#state = state;
    this.#people = people;
    this.#config = config;
    this.#now = now;
  }

  /** Whether cookies go over https only. */
  get secure(): boolean {
    return this.#config.publicUrl.startsWith("https:");
  }

  get cookieName(): string {
    return this.secure ? "__Host-empreinte-review" : "empreinte-review";
  }

  /** Returns the header of a cookie. `seconds` 0 removes it. */
  cookie(value: string, seconds: number): string {
    const secure = this.secure ? "; Secure" : "";
    return `${this.cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${Math.floor(seconds)}${secure}`;
  }

  /** Begins a session, and returns the header of its cookie. */
  begin(person: Person): string {
    const text = randomBytes(32).toString("base64url");
    const now = this.#now();
    this.#state.run("DELETE FROM session WHERE created < ?", now - this.#config.sessionHours * 3_600_000);
    this.#state.run("INSERT INTO session VALUES (?, ?, ?, ?, 0)", digestOf(text), person.id, now, now);
    return this.cookie(text, this.#config.sessionHours * 3600);
  }

  /** Finds the session of the Cookie header. */
  find(header: string | undefined): Session | undefined {
    const wanted = `${this.cookieName}=`;
    const pair = (header ?? "").split(/; */).find((one) => one.startsWith(wanted));
    const text = pair?.slice(wanted.length) ?? "";
    if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
    const digest = digestOf(text);
    const sql = "SELECT person, created, used, colour FROM session WHERE digest = ?";
    const row = this.#state.get<[string, number, number, number]>(sql, digest);
    if (row === undefined) return undefined;
    const [id, created, used, colour] = row;
    const now = this.#now();
    const { sessionHours, sessionIdleMinutes } = this.#config;
    // A clock that jumps by more than a session lasts, forth or back, ends it.
    const over = Math.abs(now - created) > sessionHours * 3_600_000 || now - used > sessionIdleMinutes * 60_000;
    const person = over ? undefined : this.#people.find(id);
    if (person === undefined) {
      this.end(digest);
      return undefined;
    }
    if (Math.abs(now - used) > writeMilliseconds) {
      this.#state.run("UPDATE session SET used = ? WHERE digest = ?", now, digest);
    }
    return { digest, person, token: digestOf(`form ${text}`).toString("base64url"), colour: colour === 1 };
  }

  allowColour({ digest }: Session): void {
    this.#state.run("UPDATE session SET colour = 1 WHERE digest = ?", digest);
  }

  end(digest: Buffer): void {
    this.#state.run("DELETE FROM session WHERE digest = ?", digest);
  }
}

/** Returns whether a form's token is the session's. */
export function isToken({ token }: Session, given: unknown): boolean {
  if (typeof given !== "string") return false;
  return timingSafeEqual(digestOf(given), digestOf(token));
}
