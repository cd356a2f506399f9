/** The kinds of matchers elsewhere, and how each is made. */
import type { Environment } from "../environment.js";
import { invalid } from "../errors.js";
import { HttpClient } from "../http/http-client.js";
import { checkReference, readSecret } from "../secrets.js";
import { ArachnidShield } from "./arachnid-shield.js";
import type { RemoteMatcher } from "./remote-matcher.js";

/** The kinds of matchers elsewhere. */
export const remoteKinds = ["arachnid-shield"] as const;
export type RemoteKind = (typeof remoteKinds)[number];

/** What a matcher elsewhere is made of. */
export interface RemoteSettings {
  kind: RemoteKind;
  /** The address below which `v1/` is. Default: that of the service. */
  base?: string;
  /** Where each secret is: `user` and `password`, as `file:PATH`, `env:NAME` or `credential:NAME`. */
  secrets: Readonly<Record<string, string>>;
  /** `send`: `"hashes"` or `"file"`. */
  options?: Readonly<Record<string, string>>;
}

const shieldBase = "https://shield.projectarachnid.com/";
/** The most bytes of an answer. */
const mostAnswer = 2 ** 20;

/** Makes a matcher, and reads its secrets. @throws {ExchangeError} */
export async function openRemoteMatcher(settings: RemoteSettings, environment: Environment): Promise<RemoteMatcher> {
  const { kind, base = shieldBase, secrets, options = {} } = settings;
  if (!remoteKinds.includes(kind)) throw invalid("kind", `one of ${remoteKinds.join(", ")}`);
  for (const [name, where] of Object.entries(secrets)) {
    if (name !== "user" && name !== "password") throw invalid("secret", "user or password");
    checkReference(name, where);
  }
  const { send = "hashes", ...unknown } = options;
  if (Object.keys(unknown).length > 0) throw invalid("option", "send");
  if (send !== "hashes" && send !== "file") throw invalid("send", "hashes or file");
  const user = await readSecret("user", secrets["user"] ?? "", environment);
  const password = await readSecret("password", secrets["password"] ?? "", environment);
  // The combined matcher has the deadline, and tries again.
  const http = new HttpClient({ base, environment, retry: { tries: 1 }, deadlineSeconds: 600, maxBytes: mostAnswer });
  return new ArachnidShield({ http, user, password, sends: send });
}
