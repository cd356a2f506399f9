// The case file, and the code that withdraws it.

const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/** Makes a code of 130 random bits, in groups that are easy to write down. Signs that look alike are left out. */
export function makeCode() {
  const signs = Array.from(crypto.getRandomValues(new Uint8Array(26)), (byte) => alphabet[byte % 32]).join("");
  return signs.match(/.{1,5}/g).join("-");
}

async function digestOf(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The SHA-256 of a code, which is all that others learn of it. Case and separators do not matter. */
export function proofOf(code) {
  return digestOf(`empreinte withdrawal ${code.toUpperCase().replace(/[^0-9A-Z]/g, "")}`);
}

/** Returns a name for a case file by which a server recognizes that it was sent before. */
export function keyOf(file) {
  return digestOf(JSON.stringify(file));
}

/** Makes the case file. It has hashes and how they were made, no names and no times of files. */
export async function makeCase(items, code) {
  return {
    format: "empreinte-case",
    version: 1,
    withdrawal: await proofOf(code),
    images: items
      .filter(({ image }) => image)
      .map(({ image: { hash, quality, decoder, crops } }) => ({
        hash,
        quality,
        decoder,
        ...(crops && { crops: crops.map(({ hash, quality, name }) => ({ hash, quality, name })) }),
      })),
    videos: items
      .filter(({ video }) => video)
      .map(({ video: { frames, duration, decoder } }) => ({
        decoder,
        duration,
        frames: frames.map(({ timestampSeconds, hash, quality }) => ({ timestampSeconds, hash, quality })),
      })),
  };
}
