/** Persons who may sign in to the review page: local accounts, and those of an issuer. */
import { randomBytes } from "node:crypto";
import { badRequest, notFound, ServiceError } from "../core/errors.js";
import type { State } from "../core/state.js";
import { checkScopes, Scopes } from "../keys/scopes.js";
import { checkPassword, isPassword, passwordCost, randomPassword, sealPassword } from "./passwords.js";

/** A person who may sign in. */
export interface Person {
  id: string;
  /** The name to sign in with, or the issuer and the subject. */
  name: string;
  /** The name that others see, also in the audit log. */
  shown: string;
  scopes: Scopes;
  /** "en" or "fr"; undefined until chosen. */
  language: string | undefined;
  /** Whether single keys do something on the page. */
  keys: boolean;
  /** Whether the person has a password here. */
  local: boolean;
}

type Row = [
  id: string,
  name: string,
  shown: string,
  password: string | null,
  scopes: string,
  language: string | null,
  keys: number,
  ended: number | null,
  failures: number,
  locked: number,
];
const columns = "id, name, shown, password, scopes, language, keys, ended, failures, locked";

/**
 * After so many wrong passwords each further one locks the account, first for a minute, then twice as long each time.
 */
const freeFailures = 5;
const mostMinutes = 60;

const personOf = ([id, name, shown, password, scopes, language, keys]: Row): Person => ({
  id,
  name,
  shown,
  scopes: new Scopes(JSON.parse(scopes) as string[]),
  language: language ?? undefined,
  keys: keys === 1,
  local: password !== null,
});

/** Writes down who did what. */
export type Record = (who: string, what: string, detail: object) => void;

/**
 * Returns whether an account is locked until a time. A lock beyond the longest is from before the clock was set back.
 */
const isLocked = (until: number, now: number): boolean => until > now && until <= now + mostMinutes * 60_000;

/** The accounts of a service. */
export class People {
  readonly #state: State;
  readonly #now: () => number;
  readonly #record: Record;
  readonly #cost: number;

  constructor(state: State, now: () => number, record: Record, cost: number = passwordCost) {
    this.#cost = cost;
    this.#state = state;
    this.#now = now;
    this.#record = record;
  }

  /** Makes a local account. Its password is returned only once. @throws {ServiceError} 400, 409 */
  async create(by: string, name: string, scopes: readonly string[]): Promise<string> {
    if (!/^[\p{L}\p{N}._-]{1,64}$/u.test(name)) {
      throw badRequest("A person's name must have 1 to 64 letters, digits, dots, hyphens and underscores");
    }
    const checked = checkScopes(scopes);
    const password = randomPassword();
    const sealed = await sealPassword(password, this.#cost);
    this.#state.transaction(() => {
      if (this.#row("name", name) !== undefined) {
        throw new ServiceError(409, "ERR_EMPREINTE_CONFLICT", `There is a person ${name} already`);
      }
      this.#insert(name, name, sealed, checked);
      this.#record(by, "person created", { person: name, scopes: checked });
    });
    return password;
  }

  #insert(name: string, shown: string, password: string | null, scopes: readonly string[]): void {
    const values = [randomBytes(8).toString("hex"), name, shown, password, JSON.stringify(scopes), this.#now()];
    this.#state.run(
      `INSERT INTO person (id, name, shown, password, scopes, created, keys, failures, locked)
       VALUES (?, ?, ?, ?, ?, ?, 1, 0, 0)`,
      ...values,
    );
  }

  /** Ends an account and its sessions. @throws {ServiceError} 404 */
  end(by: string, name: string): void {
    this.#state.transaction(() => {
      const row = this.#row("name", name);
      if (row === undefined) throw notFound("There is no such person");
      this.#state.run("UPDATE person SET ended = coalesce(ended, ?) WHERE id = ?", this.#now(), row[0]);
      this.#state.run("DELETE FROM session WHERE person = ?", row[0]);
      this.#record(by, "person ended", { person: name });
    });
  }

  #row(column: "id" | "name", value: string): Row | undefined {
    return this.#state.get<Row>(`SELECT ${columns} FROM person WHERE ${column} = ?`, value);
  }

  /** Returns a person whose account has not ended. */
  find(id: string): Person | undefined {
    const row = this.#row("id", id);
    return row === undefined || row[7] !== null ? undefined : personOf(row);
  }

  /**
   * Checks a name and a password. What is wrong is not said: a stranger must not find out which names there are.
   * @throws {ServiceError} 401, 429
   */
  async signIn(name: string, password: string, remote: string): Promise<Person> {
    const row = this.#row("name", name);
    const now = this.#now();
    const barred = row === undefined || row[7] !== null || isLocked(row[9], now);
    const right = await isPassword(password, barred ? undefined : (row[3] ?? undefined), this.#cost);
    if (right && row !== undefined) {
      this.#state.transaction(() => {
        this.#state.run("UPDATE person SET failures = 0, locked = 0 WHERE id = ?", row[0]);
        this.#record(`person ${row[2]}`, "signed in", { remote });
      });
      return personOf(row);
    }
    if (row !== undefined && !barred) this.#fail(row[0], row[2], remote);
    throw new ServiceError(
      401,
      "ERR_EMPREINTE_UNAUTHORIZED",
      "The name or the password is wrong, or the account is locked",
    );
  }

  /** Counts a wrong password, also where several come at once. */
  #fail(id: string, shown: string, remote: string): void {
    this.#state.transaction(() => {
      this.#state.run("UPDATE person SET failures = failures + 1 WHERE id = ?", id);
      const [failures] = this.#state.get<[number]>("SELECT failures FROM person WHERE id = ?", id)!;
      if (failures < freeFailures) return;
      const minutes = Math.min(mostMinutes, 2 ** Math.min(10, failures - freeFailures));
      this.#state.run("UPDATE person SET locked = ? WHERE id = ?", this.#now() + minutes * 60_000, id);
      this.#record(`person ${shown}`, "account locked", { failures, minutes, remote });
    });
  }

  /** Finds or makes the account of a person of an issuer. @throws {ServiceError} 403 */
  fromIssuer(issuer: string, subject: string, shown: string, scopes: readonly string[], remote: string): Person {
    const name = `${issuer} ${subject}`;
    return this.#state.transaction(() => {
      const found = this.#row("name", name);
      if (found !== undefined && found[7] !== null) {
        throw new ServiceError(403, "ERR_EMPREINTE_FORBIDDEN", "The account has ended");
      }
      if (found === undefined) this.#insert(name, shown, null, scopes);
      else {
        this.#state.run(
          "UPDATE person SET scopes = ?, shown = ? WHERE id = ?",
          JSON.stringify(scopes),
          shown,
          found[0],
        );
      }
      this.#record(`person ${shown}`, "signed in", { issuer, scopes, remote });
      return personOf(this.#row("name", name)!);
    });
  }

  /** Gives a local account another password, and ends its sessions. @throws {ServiceError} 400, 401 */
  async changePassword(person: Person, old: string, fresh: string): Promise<void> {
    checkPassword(fresh);
    const row = this.#row("id", person.id);
    if (!(await isPassword(old, row?.[3] ?? undefined, this.#cost))) {
      this.#fail(person.id, person.shown, "");
      throw new ServiceError(401, "ERR_EMPREINTE_UNAUTHORIZED", "The password is wrong");
    }
    const sealed = await sealPassword(fresh, this.#cost);
    this.#state.transaction(() => {
      this.#state.run("UPDATE person SET password = ? WHERE id = ?", sealed, person.id);
      this.#state.run("DELETE FROM session WHERE person = ?", person.id);
      this.#record(`person ${person.shown}`, "password changed", {});
    });
  }

  setLanguage(id: string, language: string): void {
    this.#state.run("UPDATE person SET language = ? WHERE id = ?", language, id);
  }

  setKeys(id: string, keys: boolean): void {
    this.#state.run("UPDATE person SET keys = ? WHERE id = ?", keys ? 1 : 0, id);
  }
}
