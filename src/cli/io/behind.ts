/** How long the video behind an image is, found while the image's bytes are there. */
import { embeddedVideo } from "../../doors/video.js";

/** The bytes of the video of a motion photograph; 0 if there is none. An error if that is not known. */
export type VideoBehind = number | Error;

/** Searches the bytes of an image before it returns, and does not keep them. */
export async function videoBehind(bytes: Uint8Array): Promise<VideoBehind> {
  try {
    const video = await embeddedVideo(bytes);
    return video?.length ?? 0;
  } catch (error) {
    return error as Error;
  }
}
