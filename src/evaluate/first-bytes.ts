import { openFile } from "../files/open-file.js";

/** `sniffVideo` and `sniffImage` need this many bytes. */
const headBytes = 4096;

/** Reads the beginning of a file. */
export async function firstBytes(path: string): Promise<Uint8Array> {
  const { file } = await openFile(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
