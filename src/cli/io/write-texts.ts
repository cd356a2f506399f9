import { OutFile } from "./out-file.js";
import type { Session } from "./session.js";

/**
 * Writes texts to a file that appears when it is complete, or for `-` to standard output. `step` is called after each.
 */
export async function writeTexts(
  output: string,
  texts: AsyncIterable<string>,
  step: () => void,
  session: Session,
): Promise<void> {
  if (output === "-") {
    for await (const text of texts) {
      await session.write(text);
      step();
    }
    return;
  }
  const file = await OutFile.open(output);
  try {
    for await (const text of texts) {
      await file.write(text);
      step();
    }
    await file.done();
  } finally {
    await file.drop();
  }
}
