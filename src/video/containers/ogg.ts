import { fstat, read } from "node:fs";
import { promisify } from "node:util";
import { openFile } from "../../files/open-file.js";

const readInto = promisify(read);
const statOf = promisify(fstat);

/** The longest page: a header of 27 bytes, and up to 255 segments of up to 255 bytes with their lengths. */
const longestPage = 27 + 255 + 255 * 255;

/** Returns whether bytes that begin anywhere in an Ogg file end inside a page. */
export function endsInPage(bytes: Buffer): boolean {
  const at = bytes.lastIndexOf("OggS", undefined, "latin1");
  if (at < 0) return true;
  const segments = bytes[at + 26];
  if (segments === undefined || at + 27 + segments > bytes.length) return true;
  const lengths = bytes.subarray(at + 27, at + 27 + segments);
  return at + 27 + segments + lengths.reduce((sum, length) => sum + length, 0) > bytes.length;
}

/**
 * Whether an Ogg file is cut: ffmpeg leaves out a page that is not whole and says nothing. @throws The system's error.
 */
export async function isOggCut({ fd, path }: { fd?: number; path: string }): Promise<boolean> {
  const opened = fd === undefined ? (await openFile(path)).file : undefined;
  try {
    const descriptor = fd ?? opened!.fd;
    const { size } = await statOf(descriptor);
    const length = Math.min(size, 2 * longestPage);
    const { buffer, bytesRead } = await readInto(descriptor, Buffer.alloc(length), 0, length, size - length);
    return endsInPage(buffer.subarray(0, bytesRead));
  } finally {
    await opened?.close();
  }
}
