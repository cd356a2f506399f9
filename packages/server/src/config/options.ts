/** The options of the service: one row for each, from which flags, variables, the file and the help are made. */
import { mebibyte, type ServerOption } from "./option.js";
import { type PeopleConfig, peopleOptions } from "./people-options.js";

/** The configuration of one server process, checked and complete. */
export interface Config extends PeopleConfig {
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
  /** Where `empreinte-cluster status --serve` answers; empty for no cluster. */
  clusterStatus: string;
  staleHours: number;
  auditDecisions: boolean;
  /** The file of the key of the store's local records; empty for none. */
  localKeyFile: string;
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
  clusterStatus: {
    flag: "cluster-status",
    type: "text",
    default: "",
    help: "Where empreinte-cluster status --serve answers: http://HOST:PORT/status. The review page shows it.",
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
  localKeyFile: {
    flag: "local-key-file",
    type: "text",
    default: "",
    help: "The key of the store's local records: 32 bytes, or 64 hex digits. Without it no record is searched.",
  },
  ...peopleOptions,
};
