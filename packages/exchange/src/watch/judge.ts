/** What an answer says about content. No request is made here. */
import { similarity, wordsOf } from "./page-text.js";
import type { Baseline, WatchState } from "./items.js";

/** A page as it was fetched, without its bytes. */
export interface SeenPage {
  status: number;
  /** The address that was requested, and the one that answered. */
  requested: string;
  answered: string;
  /** The words of a page of text, with spaces between them; undefined for other files. */
  words: string | undefined;
  /** A digest of the words, or of the bytes of another file. */
  digest: string;
}

/** What was found of known images. */
export interface SeenImages {
  /** Whether one of them is the entry's. */
  found: boolean;
  /** How many were compared, and how many could not be. */
  compared: number;
  failed: number;
}

export interface Verdict {
  state: WatchState;
  reason: string;
}

/** Two pages with this much in common are the same page with another name in it. */
const samePage = 0.9;
/** A page of fewer words is a frame that a script fills. */
const fewWords = 8;

const noticePath =
  /(^|[/_.-])(404|410|451|removed|deleted|dmca|not[-_]?found|unavailable|takedown|suspended|missing)([/_.-]|$)/i;

/** Returns whether a status alone decides. */
export function judgeStatus(status: number): Verdict | undefined {
  if (status === 404 || status === 410) return { state: "gone", reason: `status ${status}` };
  if (status === 451) return { state: "gone", reason: "status 451, for legal reasons" };
  if (status >= 200 && status < 300) return undefined;
  return { state: "unreachable", reason: `status ${status}` };
}

/**
 * Judges a page with status 200 … 299.
 * @param missing what the host answers for a name that it cannot have; undefined if that could not be fetched.
 */
export function judgePage(
  page: SeenPage,
  images: SeenImages,
  missing: SeenPage | undefined,
  baseline: Baseline | undefined,
): Verdict {
  if (images.found) return { state: "there", reason: "a known image is in it" };
  const [requested, answered] = [new URL(page.requested), new URL(page.answered)];
  const moved = requested.pathname !== answered.pathname || requested.host !== answered.host;
  if (moved && requested.pathname !== "/") {
    if (answered.pathname === "/") return { state: "gone", reason: "it redirects to the host's first page" };
    if (noticePath.test(answered.pathname)) return { state: "gone", reason: "it redirects to a notice" };
    if (
      missing !== undefined &&
      missing.requested !== missing.answered &&
      sameAddress(missing.answered, page.answered)
    ) {
      return { state: "gone", reason: "it redirects to where missing pages lead" };
    }
  }
  if (page.words !== undefined && missing?.words !== undefined && missing.status >= 200 && missing.status < 300) {
    if (similarity(ownWords(page), ownWords(missing)) >= samePage) {
      if (page.words.split(" ", fewWords).length < fewWords)
        return { state: "unclear", reason: "the host has the same page for everything" };
      return { state: "gone", reason: "it is the page for what is missing" };
    }
  }
  if (baseline === undefined) return { state: "unchanged", reason: "seen for the first time" };
  if (baseline.digest === page.digest && baseline.hadImage) {
    return { state: "changed", reason: "the known image is no longer in it, and the rest is as before" };
  }
  if (baseline.digest === page.digest) return { state: "unchanged", reason: "it is as it was first seen" };
  const more = images.failed > 0 ? `; ${images.failed} images could not be compared` : "";
  return { state: "changed", reason: `it is not as it was first seen; ${images.compared} images are others${more}` };
}

const sameAddress = (a: string, b: string): boolean => {
  const [some, other] = [new URL(a), new URL(b)];
  return some.host === other.host && some.pathname === other.pathname;
};

/** Returns the words of a page without those of its own address, which a page for what is missing likes to repeat. */
function ownWords({ requested, words = "" }: SeenPage): string[] {
  const address = new Set(["", ...wordsOf(new URL(requested).pathname)]);
  return words.split(" ").filter((word) => !address.has(word));
}
