/** What a key may do. A scope may name a bank, or banks by the beginning of their names: `match:COOP_*`. */
import { badRequest } from "../core/errors.js";

/** Scopes that concern one bank or all. */
const bankScopes = ["match", "add", "withdraw", "share", "submit"] as const;
const plainScopes = ["hash", "review", "admin", "metrics"] as const;

export type BankScope = (typeof bankScopes)[number];
export type PlainScope = (typeof plainScopes)[number];

/** Checks scopes as a caller writes them, and returns each once. @throws {ServiceError} */
export function checkScopes(scopes: readonly string[]): string[] {
  if (scopes.length === 0) throw badRequest("A key needs at least one scope");
  for (const scope of scopes) {
    const colon = scope.indexOf(":");
    const kind = colon === -1 ? scope : scope.slice(0, colon);
    const known = colon === -1 ? [...bankScopes, ...plainScopes] : bankScopes;
    const star = scope.indexOf("*");
    const fits = (known as readonly string[]).includes(kind) && (star === -1 || star === scope.length - 1);
    if (!fits || scope.length > 300 || scope.endsWith(":")) {
      throw badRequest(
        `There is no scope ${JSON.stringify(scope.slice(0, 64))}. The scopes are hash, match, add, withdraw, share, submit, review, admin and metrics; the second to sixth may name a bank, as in match:NAME`,
      );
    }
  }
  return [...new Set(scopes)];
}

/** The scopes of one caller. */
export class Scopes {
  readonly #scopes: readonly string[];
  readonly #all: boolean;

  constructor(scopes: readonly string[]) {
    this.#scopes = scopes;
    this.#all = scopes.includes("admin");
  }

  /** Returns whether the caller may do something that concerns no bank, or something with at least one bank. */
  has(scope: BankScope | PlainScope): boolean {
    return this.#all || this.#scopes.some((own) => own === scope || own.startsWith(`${scope}:`));
  }

  /** Whether the caller may do something with every bank. */
  hasAll(scope: BankScope): boolean {
    return this.#all || this.#scopes.includes(scope) || this.#scopes.includes(`${scope}:*`);
  }

  /** Whether the caller may do something with this bank. */
  allows(scope: BankScope, bank: string): boolean {
    if (this.hasAll(scope)) return true;
    return this.#scopes.some((own) => {
      if (!own.startsWith(`${scope}:`)) return false;
      const pattern = own.slice(scope.length + 1);
      return pattern.endsWith("*") ? bank.startsWith(pattern.slice(0, -1)) : bank === pattern;
    });
  }

  get list(): readonly string[] {
    return this.#scopes;
  }
}
