import { findFfmpeg } from "../../../doors/video.js";
import { shownPath } from "../names.js";
import type { Session } from "../session.js";

const noted = new WeakSet<Session>();

/** Notes once, before the first video, that the ffmpeg is old. Its other faults are reported with each video. */
export async function noteOldDecoder(session: Session): Promise<void> {
  if (noted.has(session)) return;
  noted.add(session);
  const found = await findFfmpeg({ signal: session.signal }).catch(() => undefined);
  if (found?.outdated !== true) return;
  const { path, version, source } = found;
  const where = source === "@ffmpeg-installer/ffmpeg" ? `, inside ${source}` : "";
  session.note(
    `the ffmpeg at ${shownPath(path)} (${version}${where}) is from before 4.4: flaws found since are open in it; install a current one`,
  );
}
