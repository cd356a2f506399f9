/** A generated image of 800 × 600 pixels as PNG, another one for each seed. */
export function drawImage(seed: number): Promise<Buffer>;

/** Writes the images and lists that the documents' examples use into `folder`. */
export function writeImages(folder: string): Promise<void>;

/** Writes `film.mp4` and `clip.mp4`, six seconds out of its middle at half the size, with that ffmpeg. */
export function writeVideos(folder: string, ffmpeg: string): Promise<void>;
