import type { Decoder } from "./find-ffmpeg.js";
import type { VideoFormat } from "../containers/sniff.js";
import type { OpenVideo } from "../input.js";

/**
 * The only place with command lines of ffmpeg. They name the one parser and the decoders that it may use, and allow it
 * to open nothing but the one file. A default ffmpeg that is given a playlist as a "video" reads other files of the
 * machine.
 */

/** What the child opens: the descriptor that it is given, or a path. */
export type ChildFile = { fd: 3 } | { path: string };

/** Returns how a child opens a video: as its descriptor 3, where it can inherit one. */
export function childFile({ fd, path }: OpenVideo): ChildFile {
  return fd === undefined ? { path } : { fd: 3 };
}

/** What the decoder shall do. */
export interface DecodeRequest {
  format: VideoFormat;
  file: ChildFile;
  /** Which video stream, from 0. Cover images are not counted. */
  stream: number;
  /** 1: luma. 3: RGB converted by BT.601, as the reference does. */
  channels: 1 | 3;
  /** Whether only keyframes are decoded. */
  keyframes: boolean;
  /** Every how many frames one is written out. */
  every: number;
  /** Whether frames are rotated as the container requests. The reference does not. */
  rotate: boolean;
  /** Whether frames are stretched to square pixels. The reference does not. */
  squarePixels: boolean;
  maxPixels: number;
  threads: number;
  /** Whether decoding ends at the first damage. */
  strict: boolean;
  /**
   * Whether all jumps of the packet counters of a transport stream are known to be joints of whole files. Default
   * false.
   */
  joined?: boolean;
  /**
   * Whether libvpx decodes: ffmpeg's own decoder of VP9 makes whole frames of damaged data, and libvpx refuses them.
   */
  libvpx?: boolean;
  /** A name that only this run knows, so that no text inside a file can imitate the lines of the filter. */
  mark: string;
}

/** Arguments without spaces in them. */
const words = (text: string): string[] => text.split(" ");

/** Decoders by name. Several builds of ffmpeg decode VP8, VP9 and AV1 through libraries only. */
const decoders =
  "h264,hevc,vp8,libvpx,vp9,libvpx-vp9,av1,libdav1d,libaom-av1," +
  "mpeg4,mpeg2video,mpeg1video,h263,flv,theora,prores,mjpeg,gif";

const quiet = words("-nostdin -hide_banner -v level+info");
/** V leaves out cover images. */
const onlyVideo = (stream: number): string[] =>
  words(`-map 0:V:${stream} -an -sn -dn -map_metadata -1 -map_chapters -1`);

/** The names of our formats are ffmpeg's names of the parsers. */
function input({ format, file }: Pick<DecodeRequest, "format" | "file">): string[] {
  const path = "fd" in file ? `/proc/self/fd/${file.fd}` : file.path;
  const only = words(`-protocol_whitelist file -format_whitelist ${format} -codec_whitelist ${decoders} -f ${format}`);
  return [...only, "-i", `file:${path}`];
}

/**
 * Takes the luma plane as it was coded. Converting frames to grey would cost nearly half as much as decoding does.
 * Frames without an 8-bit luma plane are converted first. The limited range is left as it is (see decode-frames.ts).
 */
const planar = ["yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p"];
const full = ["yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p"];
const luma = `format=${[...planar, ...full, "gray"].join("|")},extractplanes=y`;

/**
 * Writes frames as raw samples on standard output, and a line for each decoded frame on standard error
 * (stderr-report.ts).
 */
export function decodeArguments(decoding: DecodeRequest, { fpsMode, ownSizes }: Decoder): string[] {
  const { channels, keyframes, every, rotate, squarePixels, maxPixels, threads, strict, mark } = decoding;
  const filters = [
    // Some decoders ignore -skip_frame.
    ...(keyframes ? ["select=key"] : []),
    // Filters that change the size come before showinfo, which reports it.
    ...(squarePixels ? ["scale=w=iw*sar:h=ih", "setsar=1"] : []),
    `showinfo@${mark}=checksum=0`,
    ...(every > 1 ? [`select=not(mod(n\\,${every}))`] : []),
    channels === 1 ? luma : "scale=in_color_matrix=bt601,format=rgb24",
  ];
  return [
    ...quiet,
    ...(strict ? ["-xerror"] : []),
    ...words(`-filter_threads 1 -threads ${threads} -max_pixels ${maxPixels}`),
    ...(rotate ? [] : ["-noautorotate"]),
    // Theora's decoder reports skipped frames as damage. (Discarding packets instead makes the times of MP4 wrong.)
    ...(keyframes && decoding.format !== "ogg" ? words("-skip_frame nokey") : []),
    ...(decoding.libvpx === true ? words("-c:v libvpx-vp9") : []),
    ...input(decoding),
    ...onlyVideo(decoding.stream),
    // Frames are neither doubled nor dropped to reach an even rate.
    ...(fpsMode ? ["-fps_mode", "passthrough"] : ["-vsync", "passthrough"]),
    ...(ownSizes ? ["-autoscale", "0"] : []),
    "-vf",
    filters.join(","),
    // This encoder only copies frames. With its default, as many threads as processors, it copies on another processor.
    ...words("-threads 1 -c:v rawvideo -f rawvideo pipe:1"),
  ];
}

/** Writes the packets of a stream one behind the other, undecoded. */
export function unitArguments(file: Pick<DecodeRequest, "format" | "file" | "stream">): string[] {
  return [...quiet, "-nostats", ...input(file), ...onlyVideo(file.stream), ...words("-c copy -f data pipe:1")];
}

/** Writes a Matroska header with the first packet, undecoded: the header has the container's frame rate. */
export function probeArguments(file: Pick<DecodeRequest, "format" | "file" | "stream">): string[] {
  const output = words("-c copy -frames:v 1 -f matroska pipe:1");
  return [...quiet, "-nostats", ...input(file), ...onlyVideo(file.stream), ...output];
}
