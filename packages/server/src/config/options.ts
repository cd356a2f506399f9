/** The options of the service: one row for each, from which flags, variables, the file and the help are made. */

interface OptionBase {
  /** The name of the command's flag, such as "data", without "--". The environment has EMPREINTE_SERVER_DATA. */
  flag: string;
  /** One sentence of the help. */
  help: string;
  /** Whether SIGHUP applies a changed value. Others need a new start. */
  reload?: true;
}

interface TextOption extends OptionBase {
  type: "text";
  default: string;
  /** The allowed texts, where there are only a few. */
  oneOf?: readonly string[];
}

interface NumberOption extends OptionBase {
  type: "number";
  default: number;
  least: number;
  most: number;
  /** Whether fractions are allowed. */
  fractions?: true;
}

interface SwitchOption extends OptionBase {
  type: "switch";
  default: boolean;
}

type ServerOption = TextOption | NumberOption | SwitchOption;

const mebibyte = 2 ** 20;

/** The configuration of one server process, checked and complete. */
export interface Config {
  /** The folder of the store and of the service's own state. */
  data: string;
  /** The address to listen at: "HOST:PORT", "[IPv6]:PORT" or "unix:PATH". */
  listen: string;
  /** Whether calls need no key. Only on a loopback address or a Unix socket. */
  open: boolean;
  workers: number;
  hma: boolean;
  logLevel: string;
  maxImageBytes: number;
  maxVideoBytes: number;
  maxListBytes: number;
  maxJsonBytes: number;
  maxUploadMemory: number;
  decodes: number;
  decodeQueue: number;
  videoDecodes: number;
  videoQueue: number;
  imageSeconds: number;
  videoSeconds: number;
  idleSeconds: number;
  drainSeconds: number;
  isolation: "none" | "process";
  hashLookupsPerMinute: number;
  fetchUrls: boolean;
  fetchAllow: string;
  webhooks: boolean;
  exchange: boolean;
  staleHours: number;
  auditDecisions: boolean;
  publicUrl: string;
  review: boolean;
  reviewHours: number;
  reviewSchemes: string;
  reviewTwoPersons: string;
  reviewBudget: number;
  reviewLevels: number;
  reviewMedia: "none" | "callback" | "memory";
  reviewMediaUrl: string;
  reviewMediaTokenFile: string;
  reviewMediaMinutes: number;
  reviewMediaBytes: number;
  sessionHours: number;
  sessionIdleMinutes: number;
  oidcIssuer: string;
  oidcClientId: string;
  oidcSecretFile: string;
  oidcClaim: string;
  oidcRoles: string;
}

export const serverOptions: Record<keyof Config, ServerOption> = {
  data: {
    flag: "data",
    type: "text",
    default: "",
    help: "The folder of the store and of the keys. It is made at the first start.",
  },
  listen: {
    flag: "listen",
    type: "text",
    default: "127.0.0.1:5100",
    help: "HOST:PORT, [IPv6]:PORT or unix:PATH. Port 0 takes any free port.",
  },
  open: {
    flag: "open",
    type: "switch",
    default: false,
    help: "Ask for no key. Only on a loopback address or a Unix socket.",
  },
  workers: {
    flag: "workers",
    type: "number",
    default: 1,
    least: 1,
    most: 256,
    help: "How many processes serve. They share one store.",
  },
  hma: { flag: "hma", type: "switch", default: true, help: "Serve the HMA interface (/h, /m, /c, /status)." },
  logLevel: {
    flag: "log-level",
    type: "text",
    default: "info",
    oneOf: ["fatal", "error", "warn", "info", "debug", "silent"],
    help: "What the log has. It is JSON, one line an event.",
    reload: true,
  },
  maxImageBytes: {
    flag: "max-image-bytes",
    type: "number",
    default: 64 * mebibyte,
    least: 1024,
    most: 1024 * mebibyte,
    help: "The most bytes of an uploaded image.",
    reload: true,
  },
  maxVideoBytes: {
    flag: "max-video-bytes",
    type: "number",
    default: 2048 * mebibyte,
    least: 1024,
    most: 2 ** 40,
    help: "The most bytes of an uploaded video.",
    reload: true,
  },
  maxListBytes: {
    flag: "max-list-bytes",
    type: "number",
    default: 4096 * mebibyte,
    least: 1024,
    most: 2 ** 40,
    help: "The most bytes of an imported list file.",
    reload: true,
  },
  maxJsonBytes: {
    flag: "max-json-bytes",
    type: "number",
    default: mebibyte,
    least: 1024,
    most: 64 * mebibyte,
    help: "The most bytes of a JSON body.",
  },
  maxUploadMemory: {
    flag: "max-upload-memory",
    type: "number",
    default: 512 * mebibyte,
    least: mebibyte,
    most: 2 ** 40,
    help: "The most bytes of images that one process holds while they arrive and are decoded.",
    reload: true,
  },
  decodes: {
    flag: "decodes",
    type: "number",
    default: 0,
    least: 0,
    most: 1024,
    help: "How many images one process decodes at a time. 0: as many as there are processors.",
  },
  decodeQueue: {
    flag: "decode-queue",
    type: "number",
    default: 64,
    least: 0,
    most: 100_000,
    help: "How many images may wait for a decoder. Further ones get 429.",
  },
  videoDecodes: {
    flag: "video-decodes",
    type: "number",
    default: 2,
    least: 1,
    most: 256,
    help: "How many videos one process takes at a time.",
  },
  videoQueue: {
    flag: "video-queue",
    type: "number",
    default: 8,
    least: 0,
    most: 10_000,
    help: "How many videos may wait. Further ones get 429.",
  },
  imageSeconds: {
    flag: "image-seconds",
    type: "number",
    default: 30,
    least: 0.1,
    most: 3600,
    fractions: true,
    help: "The deadline of a call with an image or a hash, from its first byte.",
    reload: true,
  },
  videoSeconds: {
    flag: "video-seconds",
    type: "number",
    default: 600,
    least: 0.1,
    most: 86_400,
    fractions: true,
    help: "The deadline of a call with a video, from its first byte.",
    reload: true,
  },
  idleSeconds: {
    flag: "idle-seconds",
    type: "number",
    default: 10,
    least: 0.1,
    most: 600,
    fractions: true,
    help: "How long a client may send nothing in the middle of a request.",
    reload: true,
  },
  drainSeconds: {
    flag: "drain-seconds",
    type: "number",
    default: 25,
    least: 0,
    most: 3600,
    fractions: true,
    help: "How long calls in progress may take after SIGTERM.",
    reload: true,
  },
  isolation: {
    flag: "isolation",
    type: "text",
    default: "process",
    oneOf: ["none", "process"],
    help: "Whether images are decoded in processes of their own.",
  },
  hashLookupsPerMinute: {
    flag: "hash-lookups-per-minute",
    type: "number",
    default: 6000,
    least: 0,
    most: 10_000_000,
    help: "How many bare hashes a key without the scope admin may look up in a minute. 0: no limit.",
    reload: true,
  },
  fetchUrls: {
    flag: "fetch-urls",
    type: "switch",
    default: false,
    help: "Fetch media by URL for HMA's clients. Only public addresses are reached.",
  },
  fetchAllow: {
    flag: "fetch-allow",
    type: "text",
    default: "",
    help: "Addresses and networks that are fetched although they are not public, with commas: 10.1.0.0/16.",
  },
  webhooks: {
    flag: "webhooks",
    type: "switch",
    default: false,
    help: "Send webhooks to the receivers of /v1/webhooks.",
  },
  exchange: {
    flag: "exchange",
    type: "switch",
    default: false,
    help: "Fetch the sources of the store at their intervals, by the program empreinte-exchange.",
  },
  staleHours: {
    flag: "stale-hours",
    type: "number",
    default: 0,
    least: 0,
    most: 100_000,
    fractions: true,
    help: "A source without an import for so long makes the service not ready. 0: never.",
    reload: true,
  },
  auditDecisions: {
    flag: "audit-decisions",
    type: "switch",
    default: false,
    help: "Write each decision that asks for something into the store's audit log.",
  },
  publicUrl: {
    flag: "public-url",
    type: "text",
    default: "",
    help: "The address at which browsers reach the service: https://hashes.example.org. The review page needs it, unless only this machine can reach the service.",
  },
  review: { flag: "review", type: "switch", default: false, help: "Serve the review page under /review." },
  reviewHours: {
    flag: "review-hours",
    type: "number",
    default: 48,
    least: 0.1,
    most: 8760,
    fractions: true,
    help: "The deadline of a card, in hours from its first upload.",
    reload: true,
  },
  reviewSchemes: {
    flag: "review-schemes",
    type: "text",
    default: "ncii",
    help: "Which labels analysts give: ncii, iwf and ncmec with commas, or the path of a JSON file.",
  },
  reviewTwoPersons: {
    flag: "review-two-persons",
    type: "text",
    default: "",
    help: "Banks whose uploads two persons must agree on, with commas. A name may end in *.",
    reload: true,
  },
  reviewBudget: {
    flag: "review-budget",
    type: "number",
    default: 300,
    least: 0,
    most: 1000000,
    help: "How much a person sees in a day before the page asks for a break, in seconds of a small grey image. 0: no limit.",
    reload: true,
  },
  reviewLevels: {
    flag: "review-levels",
    type: "number",
    default: 4,
    least: 0,
    most: 4,
    help: "The most that the page reveals. 0: nothing, 1: small, grey and blurred, 2: grey, 3: large and grey, 4: colour.",
    reload: true,
  },
  reviewMedia: {
    flag: "review-media",
    type: "text",
    default: "none",
    oneOf: ["none", "callback", "memory"],
    help: "Where the page has media from: none, callback (the platform's address gives them) or memory (held encrypted).",
  },
  reviewMediaUrl: {
    flag: "review-media-url",
    type: "text",
    default: "",
    help: "The platform's address for callback, with {reference} in it: https://example.org/media/{reference}.",
  },
  reviewMediaTokenFile: {
    flag: "review-media-token-file",
    type: "text",
    default: "",
    help: "A file with the bearer token that callback sends.",
  },
  reviewMediaMinutes: {
    flag: "review-media-minutes",
    type: "number",
    default: 120,
    least: 0.01,
    most: 100000,
    fractions: true,
    help: "How long memory holds an image.",
    reload: true,
  },
  reviewMediaBytes: {
    flag: "review-media-bytes",
    type: "number",
    default: 256 * mebibyte,
    least: mebibyte,
    most: 2 ** 40,
    help: "The most bytes that memory holds. Further images are not held, and their cards say so.",
    reload: true,
  },
  sessionHours: {
    flag: "session-hours",
    type: "number",
    default: 10,
    least: 0.01,
    most: 1000,
    fractions: true,
    help: "After so long a person signs in again.",
    reload: true,
  },
  sessionIdleMinutes: {
    flag: "session-idle-minutes",
    type: "number",
    default: 30,
    least: 0.01,
    most: 10000,
    fractions: true,
    help: "After so long without a call a person signs in again.",
    reload: true,
  },
  oidcIssuer: {
    flag: "oidc-issuer",
    type: "text",
    default: "",
    help: "The OpenID Connect issuer that persons may sign in with.",
  },
  oidcClientId: {
    flag: "oidc-client-id",
    type: "text",
    default: "",
    help: "The service's client id there.",
  },
  oidcSecretFile: {
    flag: "oidc-secret-file",
    type: "text",
    default: "",
    help: "A file with the service's client secret there. Without it the client is a public one.",
  },
  oidcClaim: {
    flag: "oidc-claim",
    type: "text",
    default: "roles",
    help: "The claim that has a person's roles.",
  },
  oidcRoles: {
    flag: "oidc-roles",
    type: "text",
    default: "",
    help: "What each role allows: analyst=review+match;lead=review+match+metrics. Without a known role nobody gets in.",
  },
};
