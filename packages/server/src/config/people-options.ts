/** The options of the review page, and of the people who sign in to it. */
import { mebibyte, type ServerOption } from "./option.js";

/** What the review page and its people are configured by. */
export interface PeopleConfig {
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

export const peopleOptions: Record<keyof PeopleConfig, ServerOption> = {
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
