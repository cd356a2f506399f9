/** One decoded frame of a video. */
export interface VideoFrame {
  /** Its number among the decoded frames, from 0. */
  number: number;
  /** When it is shown, in seconds from the beginning of the video, as the container states. */
  timestampSeconds: number;
  /** Its width in pixels, as stored: neither rotated nor stretched. */
  width: number;
  /** Its height in pixels, as stored. */
  height: number;
  /** 1: luma of the full range 0 … 255. 3: RGB. */
  channels: 1 | 3;
  /** The samples, row by row and interleaved, without gaps: width × height × channels bytes. */
  data: Uint8Array;
}
