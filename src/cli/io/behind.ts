/** What a file has behind its first image, found while its bytes are there. */
import { embeddedVideo } from "../../doors/video.js";

export interface Behind {
  /** Whether there are further images: frames, pages, images behind the end of the first. */
  pages: boolean;
  /** How many bytes the video of a motion photograph has; 0 if there is none. An error if that is not known. */
  video: number | Error;
}

/** Searches the bytes of an image before it returns, and does not keep them. */
export async function behindOf(bytes: Uint8Array, pages: boolean): Promise<Behind> {
  try {
    const video = await embeddedVideo(bytes);
    return { pages, video: video?.length ?? 0 };
  } catch (error) {
    return { pages, video: error as Error };
  }
}
