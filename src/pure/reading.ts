/** What a reader of a format takes besides the place of its image: the bytes, and how it fails and pauses. */
export interface Reading {
  bytes: Uint8Array;
  /** Makes the error of an image that is damaged. @param why what is wrong with it: "its data end early" */
  damaged(why: string): Error;
  /** Makes the error of an image that is not decoded. @param kind what it is: "a 12-bit JPEG" */
  unsupported(kind: string): Error;
  /** Throws if an image with these sides, both above 0, exceeds a limit. */
  checkSides(width: number, height: number): void;
  /** Lets others run. Rejects after an abort. */
  pause(): Promise<void>;
}

/** 8-bit samples, rows without gaps, the top row first. */
export interface Bitmap {
  data: Uint8Array;
  width: number;
  height: number;
}
