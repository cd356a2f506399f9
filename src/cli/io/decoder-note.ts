import { findFfmpeg } from "../../doors/video.js";
import { shownPath } from "./names.js";
import type { Session } from "./session.js";

const told = new WeakSet<Session>();

/** Says once, before the first video, that the ffmpeg is old. What else is wrong with it is said of each video. */
export async function noteOldDecoder(session: Session): Promise<void> {
  if (told.has(session)) return;
  told.add(session);
  const found = await findFfmpeg({ signal: session.signal }).catch(() => undefined);
  if (found?.outdated !== true) return;
  const { path, version, source } = found;
  const where = source === "@ffmpeg-installer/ffmpeg" ? `, inside ${source}` : "";
  session.note(
    `the ffmpeg at ${shownPath(path)} (${version}${where}) is from before 4.4: flaws found since are open in it; install a current one`,
  );
}
