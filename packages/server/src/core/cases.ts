/**
 * Cases: hashes that a person made of images and videos of their own, on their own device. The number and a code, which
 * only the person has, withdraw them.
 */
import { createHash, randomInt, timingSafeEqual } from "node:crypto";
import type { EntryInput } from "empreinte/bank";
import { caseSource } from "../operation/sources.js";
import { notFound, ServiceError } from "./errors.js";
import { removeEntries } from "./removals.js";
import type { Service } from "./service.js";

/** An image of a case. */
export interface CaseImage {
  hash: string;
  /** 0 … 100. */
  quality: number;
  decoder: "wasm" | "platform";
  /** Hashes of parts of the image, if the person wished them. */
  crops?: { hash: string; quality: number; name: string }[];
}

/** A video of a case, as frames that were hashed. */
export interface CaseVideo {
  decoder: "wasm" | "platform";
  /** Seconds. */
  duration: number;
  frames: { timestampSeconds: number; hash: string; quality: number }[];
}

/** A case as the example page of `empreinte-browser` makes it. */
export interface CaseFile {
  format: "empreinte-case";
  version: 1;
  /** The SHA-256 of the code, in hexadecimal digits. */
  withdrawal: string;
  images: CaseImage[];
  videos: CaseVideo[];
}

/** What became of a case. */
export interface CaseReceipt {
  case: string;
  /** How many images and videos are kept. */
  taken: number;
  /** How many of them match nothing until somebody releases them: their hashes would match unrelated images. */
  held: number;
}

/** Signs that nobody mistakes for each other, as in the code. */
const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const signsOf = (text: string): string => text.toUpperCase().replace(/[^0-9A-Z]/g, "");

function newNumber(): string {
  const five = (): string => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return `${five()}-${five()}`;
}

/** Returns what a code proves, as the page computes it. */
const proofOf = (code: string): Buffer =>
  createHash("sha256")
    .update(`empreinte withdrawal ${signsOf(code)}`)
    .digest();

/** The labels of hashes whose frames the browser decoded: they may be some bits off. */
const labelsOf = (decoder: CaseImage["decoder"]): Pick<EntryInput, "labels"> =>
  decoder === "wasm" ? {} : { labels: [`decoder:${decoder}`] };

function entriesOf(number: string, { images, videos }: CaseFile): (EntryInput & { id: string })[] {
  const imageEntries = images.map(({ hash, quality, decoder, crops = [] }) => ({
    signals: [
      { type: "pdq" as const, value: hash, quality },
      ...crops.map((crop) => ({ type: "pdq" as const, value: crop.hash, quality: crop.quality, crop: crop.name })),
    ],
    ...labelsOf(decoder),
  }));
  const videoEntries = videos.map(({ frames, decoder }) => ({
    signals: frames.map(({ timestampSeconds, hash, quality }, frame) => ({
      type: "vpdq" as const,
      value: hash,
      quality,
      frame,
      timestampSeconds,
    })),
    ...labelsOf(decoder),
  }));
  return [...imageEntries, ...videoEntries].map((entry, i) => ({
    ...entry,
    id: `${number}/${i + 1}`,
    cases: [number],
  }));
}

/**
 * Lists the hashes of a case in a bank, under a number of their own. The code's digest is written down before, so that
 * there is never a listed hash that its person cannot withdraw.
 * @param bank the store's name of the bank.
 * @throws {ServiceError} 422 where it has no hash that can be listed. Then nothing is kept.
 */
export async function openCase(
  service: Service,
  bank: string,
  file: CaseFile,
  signal: AbortSignal,
): Promise<CaseReceipt> {
  const { state, store, now } = service;
  const proof = Buffer.from(file.withdrawal, "hex");
  const number = state.transaction(() => {
    for (;;) {
      const made = newNumber();
      const sql = "INSERT OR IGNORE INTO person_case (number, bank, proof, created) VALUES (?, ?, ?, ?)";
      if (state.run(sql, made, bank, proof, now()) === 1) return made;
    }
  });
  const entries = entriesOf(number, file);
  const forget = (): unknown => state.run("DELETE FROM person_case WHERE number = ?", number);
  let receipt: CaseReceipt;
  try {
    const options = { signal, saveIndex: false, onProblem: () => {} };
    const { added, quarantined } = await store.import({ bank, source: caseSource }, entries, options);
    receipt = { case: number, taken: added, held: quarantined };
  } catch (error) {
    // A case of which anything is listed can always be withdrawn.
    const listed = entries.some(({ id }) => store.entry({ bank, source: caseSource, entryId: id }) !== undefined);
    if (!listed) forget();
    throw error;
  }
  if (receipt.taken > 0) return receipt;
  forget();
  throw new ServiceError(422, "ERR_EMPREINTE_REQUEST", "The case has no hash that can be listed");
}

/**
 * Withdraws all hashes of a case. A repeated call changes nothing.
 * @throws {ServiceError} 404 for a number that is unknown or belongs to another bank, and for a wrong code alike.
 */
export async function withdrawCase(service: Service, bank: string, given: string, code: string): Promise<void> {
  const { state, now } = service;
  const signs = signsOf(given);
  const number = `${signs.slice(0, 5)}-${signs.slice(5)}`;
  const sql = "SELECT proof, withdrawn FROM person_case WHERE number = ? AND bank = ?";
  const row = state.get<[proof: Buffer, withdrawn: number | null]>(sql, number, bank);
  // As long for an unknown number as for a wrong code.
  const same = timingSafeEqual(row?.[0] ?? Buffer.alloc(32), proofOf(code));
  if (row === undefined || !same) throw notFound("There is no case with this number and code");
  if (row[1] !== null) return;
  await removeEntries(service, "withdraw", { case: number });
  state.run("UPDATE person_case SET withdrawn = ? WHERE number = ?", now(), number);
}
