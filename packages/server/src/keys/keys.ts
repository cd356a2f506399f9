/** API keys: `emp_<id>_<secret>`. The state keeps the SHA-256 of the secret, which has 256 random bits. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { badRequest, notFound } from "../core/errors.js";
import type { State } from "../core/state.js";
import { checkScopes, Scopes } from "./scopes.js";

/** The caller of a route. */
export interface Principal {
  /** The name in the audit log: "key 3f0a12bc", or "open" if no key is needed. */
  name: string;
  scopes: Scopes;
  /** How many bare hashes a minute; undefined for the configured number, 0 for any number. */
  lookups: number | undefined;
}

/** A key without its secret. */
export interface KeyInfo {
  id: string;
  label: string;
  scopes: string[];
  /** The time of creation in ISO 8601. */
  created: string;
  expires?: string;
  revoked?: string;
  hashLookupsPerMinute?: number;
}

export interface NewKey {
  label: string;
  scopes: readonly string[];
  /** The end of the key in milliseconds since 1970. */
  expires?: number;
  lookups?: number;
}

type Row = [
  id: string,
  digest: Buffer,
  label: string,
  scopes: string,
  created: number,
  expires: number | null,
  revoked: number | null,
  lookups: number | null,
];
/** What each call needs of a key. */
interface UsedKey {
  digest: Buffer;
  principal: Principal;
  expires: number | null;
  revoked: boolean;
}
const columns = "id, digest, label, scopes, created, expires, revoked, lookups";

const digestOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();
const nobody = digestOf("");

/** The keys of a service. */
export class Keys {
  readonly #state: State;
  readonly #now: () => number;
  /** The keys that were used since the last change of the state. */
  #used: { version: string; keys: Map<string, UsedKey> } = { version: "", keys: new Map() };

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  get count(): number {
    return this.#state.get<[number]>("SELECT count(*) FROM key")![0];
  }

  /** Makes a key. The key is returned only once and cannot be recovered later. @throws {ServiceError} */
  create(by: string, { label, scopes, expires, lookups }: NewKey): { key: string; info: KeyInfo } {
    const checked = checkScopes(scopes);
    const now = this.#now();
    if (expires !== undefined && !(expires > now)) throw badRequest("A key must expire in the future");
    const id = randomBytes(5).toString("hex");
    const secret = randomBytes(32).toString("base64url");
    this.#state.transaction(() => {
      const values = [id, digestOf(secret), label, JSON.stringify(checked), now, expires ?? null, lookups ?? null];
      this.#state.run(
        `INSERT INTO key (id, digest, label, scopes, created, expires, lookups) VALUES (?, ?, ?, ?, ?, ?, ?)`,
        ...values,
      );
      this.record(by, "key created", { key: id, label, scopes: checked });
    });
    return { key: `emp_${id}_${secret}`, info: this.info(id) };
  }

  /**
   * Makes a new secret for the holder of a key: a new key with the same label and scopes. The old one still works for
   * `seconds`, so that its holder can change over.
   */
  rotate(by: string, id: string, seconds: number): { key: string; info: KeyInfo } {
    const { label, scopes, expires, revoked, hashLookupsPerMinute } = this.info(id);
    if (revoked !== undefined) throw badRequest(`The key ${id} is revoked`);
    const made = this.create(by, {
      label,
      scopes,
      ...(expires !== undefined && { expires: Date.parse(expires) }),
      ...(hashLookupsPerMinute !== undefined && { lookups: hashLookupsPerMinute }),
    });
    const end = this.#now() + seconds * 1000;
    this.#state.transaction(() => {
      this.#state.run("UPDATE key SET expires = min(coalesce(expires, ?), ?) WHERE id = ?", end, end, id);
      this.record(by, "key rotated", { key: id, by: made.info.id });
    });
    return made;
  }

  /** Ends a key at once. */
  revoke(by: string, id: string): KeyInfo {
    this.info(id);
    this.#state.transaction(() => {
      const changed = this.#state.run("UPDATE key SET revoked = ? WHERE id = ? AND revoked IS NULL", this.#now(), id);
      if (changed > 0) this.record(by, "key revoked", { key: id });
    });
    return this.info(id);
  }

  list(): KeyInfo[] {
    return this.#state.all<Row>(`SELECT ${columns} FROM key ORDER BY created, id`).map(infoOf);
  }

  /** @throws {ServiceError} `ERR_EMPREINTE_NOT_FOUND` */
  info(id: string): KeyInfo {
    const row = this.#state.get<Row>(`SELECT ${columns} FROM key WHERE id = ?`, id);
    if (row === undefined) throw notFound(`There is no key ${id.slice(0, 16)}`);
    return infoOf(row);
  }

  /**
   * Finds who has a key. It compares in constant time, also where there is no such key.
   * @param version the state's version, where the caller has read it since the request came.
   */
  find(
    text: string,
    version: string = this.#state.version,
  ): { principal: Principal } | { refused: string; name: string } {
    const [, id = "", secret = ""] = /^emp_([0-9a-f]{10})_([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
    const key = id === "" ? undefined : this.#key(id, version);
    const same = timingSafeEqual(digestOf(secret), key?.digest ?? nobody);
    if (key === undefined || !same) return { refused: "wrong key", name: "nobody" };
    const { principal, expires, revoked } = key;
    if (revoked) return { refused: "revoked key", name: principal.name };
    if (expires !== null && expires <= this.#now()) return { refused: "expired key", name: principal.name };
    return { principal };
  }

  #key(id: string, version: string): UsedKey | undefined {
    if (this.#used.version !== version) this.#used = { version, keys: new Map() };
    const known = this.#used.keys.get(id);
    if (known !== undefined) return known;
    const row = this.#state.get<Row>(`SELECT ${columns} FROM key WHERE id = ?`, id);
    if (row === undefined) return undefined;
    const [, digest, , scopes, , expires, revoked, lookups] = row;
    const principal: Principal = {
      name: `key ${id}`,
      scopes: new Scopes(JSON.parse(scopes) as string[]),
      lookups: lookups ?? undefined,
    };
    const key = { digest, principal, expires, revoked: revoked !== null };
    this.#used.keys.set(id, key);
    return key;
  }

  /** Writes down what was done with keys. Call it inside a transaction. */
  record(who: string, what: string, detail: object): void {
    const values = [this.#now(), who, what, JSON.stringify(detail)];
    this.#state.run("INSERT INTO access (time, who, what, detail) VALUES (?, ?, ?, ?)", ...values);
  }
}

function infoOf([id, , label, scopes, created, expires, revoked, lookups]: Row): KeyInfo {
  const time = (at: number): string => new Date(at).toISOString();
  return {
    id,
    label,
    scopes: JSON.parse(scopes) as string[],
    created: time(created),
    ...(expires !== null && { expires: time(expires) }),
    ...(revoked !== null && { revoked: time(revoked) }),
    ...(lookups !== null && { hashLookupsPerMinute: lookups }),
  };
}
