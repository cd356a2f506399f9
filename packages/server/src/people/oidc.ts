/**
 * Signing in with an OpenID Connect issuer: the authorization code with PKCE. What a person may do follows from a
 * claim.
 */
import type { Configuration } from "openid-client";
import type { Config } from "../config/options.js";
import { isLocal, parseListen } from "../config/load.js";
import { forbidden, ServiceError } from "../core/errors.js";
import { readSecret, Secrets } from "../core/secrets.js";
import { checkScopes } from "../keys/scopes.js";
import type { People, Person } from "./people.js";

/** How long a person may take at the issuer. */
const mostSeconds = 600;
const sealName = "oidc sign-in";

interface Started {
  state: string;
  nonce: string;
  verifier: string;
  time: number;
}

/** Reads "analyst=review+match;lead=review+match+metrics". @throws {ServiceError} */
export function parseRoles(text: string): Map<string, string[]> {
  const roles = new Map<string, string[]>();
  for (const part of text.split(";")) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(0, at)).trim();
    if (name === "") {
      throw new ServiceError(400, "ERR_EMPREINTE_CONFIG", `oidcRoles must be ROLE=SCOPE+SCOPE;…, not ${text}`);
    }
    const scopes = part.slice(at + 1).split("+");
    roles.set(name, checkScopes(scopes.map((scope) => scope.trim())));
  }
  return roles;
}

const isLoopback = (issuer: URL): boolean =>
  isLocal(parseListen(`${issuer.hostname}:${issuer.port === "" ? "80" : issuer.port}`));

/** The issuer of a service. */
export class Oidc {
  readonly #config: Config;
  readonly #secrets: Secrets;
  readonly #people: People;
  readonly #now: () => number;
  readonly #roles: Map<string, string[]>;
  #found: Promise<Configuration> | undefined;

  constructor(config: Config, people: People, now: () => number) {
    this.#config = config;
    this.#secrets = new Secrets(config.data);
    this.#people = people;
    this.#now = now;
    this.#roles = parseRoles(config.oidcRoles);
  }

  get enabled(): boolean {
    return this.#config.oidcIssuer !== "";
  }

  /** Where the issuer sends persons back to. */
  get redirectUri(): string {
    return new URL("/review/oidc/callback", this.#config.publicUrl).href;
  }

  /** Asks the issuer for its addresses and keys. A failure is tried again. */
  async #discover(): Promise<Configuration> {
    const { discovery, allowInsecureRequests, enableNonRepudiationChecks } = await import("openid-client");
    const { oidcIssuer, oidcClientId, oidcSecretFile } = this.#config;
    const secret = oidcSecretFile === "" ? undefined : readSecret("oidcSecretFile", oidcSecretFile);
    const issuer = new URL(oidcIssuer);
    // By itself the client trusts a token that came over TLS, and does not check who signed it.
    const execute = [enableNonRepudiationChecks];
    // Only an issuer on this machine may be without TLS.
    if (issuer.protocol === "http:" && isLoopback(issuer)) execute.push(allowInsecureRequests);
    this.#found ??= discovery(issuer, oidcClientId, secret, undefined, { execute, timeout: 10 });
    try {
      return await this.#found;
    } catch (error) {
      this.#found = undefined;
      throw failure("The issuer cannot be reached", error);
    }
  }

  /**
   * Returns the issuer's address for a person, and what the person's browser keeps meanwhile. @throws {ServiceError}
   */
  async start(): Promise<{ address: string; sealed: string }> {
    const configuration = await this.#discover();
    const client = await import("openid-client");
    const started: Started = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      time: this.#now(),
    };
    const address = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.redirectUri,
      scope: "openid profile",
      state: started.state,
      nonce: started.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(started.verifier),
      code_challenge_method: "S256",
    });
    return {
      address: address.href,
      sealed: this.#secrets.seal(sealName, JSON.stringify(started)).toString("base64url"),
    };
  }

  /**
   * Finishes what `start` began. @param query of the address that the issuer sent the person to. @throws {ServiceError}
   */
  async finish(query: string, sealed: string | undefined, remote: string): Promise<Person> {
    const started = this.#open(sealed);
    const configuration = await this.#discover();
    const { authorizationCodeGrant } = await import("openid-client");
    const address = new URL(this.redirectUri);
    address.search = query;
    let claims: Record<string, unknown> | undefined;
    try {
      const { verifier, state, nonce } = started;
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      claims = (await authorizationCodeGrant(configuration, address, checks)).claims();
    } catch (error) {
      throw failure("The issuer refuses you", error);
    }
    const { iss, sub, preferred_username: username } = claims ?? {};
    if (typeof iss !== "string" || typeof sub !== "string") throw failure("The issuer named nobody", undefined);
    const shown = typeof username === "string" && username !== "" ? username.slice(0, 128) : sub.slice(0, 128);
    return this.#people.fromIssuer(iss, sub, shown, this.#scopesOf(claims?.[this.#config.oidcClaim]), remote);
  }

  #open(sealed: string | undefined): Started {
    try {
      const started = JSON.parse(this.#secrets.open(sealName, Buffer.from(sealed ?? "", "base64url"))) as Started;
      if (Math.abs(this.#now() - started.time) <= mostSeconds * 1000) return started;
    } catch {
      // It is the same as none.
    }
    throw new ServiceError(
      401,
      "ERR_EMPREINTE_UNAUTHORIZED",
      "Signing in took too long, or began elsewhere. Begin again.",
    );
  }

  #scopesOf(claim: unknown): string[] {
    const names: unknown[] = Array.isArray(claim) ? claim : [claim];
    const scopes = names.flatMap((name) => (typeof name === "string" ? (this.#roles.get(name) ?? []) : []));
    if (scopes.length === 0) throw forbidden("The issuer gives you no role that this service knows");
    return [...new Set(scopes)];
  }
}

/** Passes on only the code of what the issuer answered, which may have secrets. */
function failure(text: string, error: unknown): ServiceError {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  return new ServiceError(401, "ERR_EMPREINTE_UNAUTHORIZED", `${text}${code}`);
}
