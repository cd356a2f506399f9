/** One decoded picture of a video. */
export interface VideoFrame {
  /** Of the decoded frames, from 0. */
  number: number;
  /** When it is shown, from the beginning of the video, as its container says. */
  timestampSeconds: number;
  /** Pixels, as stored: neither turned nor stretched. */
  width: number;
  /** Pixels, as stored. */
  height: number;
  /** 1 luma of the full range 0 … 255, 3 RGB. */
  channels: 1 | 3;
  /** Row-major, interleaved, without gaps: width × height × channels bytes. */
  data: Uint8Array;
}
