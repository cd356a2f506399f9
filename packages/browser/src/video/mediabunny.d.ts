/** What is used of the package mediabunny, so that the sources compile where it is not installed. */
declare module "mediabunny" {
  export const ALL_FORMATS: readonly unknown[];

  /** A source of bytes. */
  export type Source = object;
  export const BlobSource: new (blob: Blob) => Source;

  export interface InputVideoTrack {
    getCodec(): Promise<string | null>;
    canDecode(): Promise<boolean>;
    /** Computes the duration in seconds. */
    computeDuration(): Promise<number>;
    /** Pixels as they are stored. */
    getCodedWidth(): Promise<number>;
    /** Pixels as they are stored. */
    getCodedHeight(): Promise<number>;
  }

  export class Input {
    constructor(options: { source: Source; formats: readonly unknown[] });
    canRead(): Promise<boolean>;
    getPrimaryVideoTrack(): Promise<InputVideoTrack | null>;
    dispose(): void;
  }

  interface Rectangle {
    left: number;
    top: number;
    width: number;
    height: number;
  }

  /** A decoded frame. */
  export interface VideoSample {
    readonly format: string | null;
    readonly visibleRect: Rectangle;
    readonly colorSpace: { readonly fullRange: boolean | null };
    /** The time in seconds from the start of the video. */
    readonly timestamp: number;
    allocationSize(options: { rect: Rectangle }): number;
    copyTo(to: Uint8Array, options: { rect: Rectangle }): Promise<readonly { offset: number; stride: number }[]>;
    close(): void;
  }

  export class VideoSampleSink {
    constructor(track: InputVideoTrack);
    samples(): AsyncGenerator<VideoSample, void, unknown>;
  }
}
