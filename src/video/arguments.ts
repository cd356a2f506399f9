import type { Decoder } from "./ffmpeg/find-ffmpeg.js";
import type { VideoFormat } from "./containers/sniff.js";

/**
 * The only place with command lines. ffmpeg is told which parser and which decoders it may use, and that it may open
 * nothing but the one file: a "video" that is a playlist made a default ffmpeg read other files of the machine.
 */

/** What the child opens: the descriptor it is handed, or a path. */
export type Opened = { fd: 3 } | { path: string };

/** What is asked of the decoder. */
export interface Decoding {
  format: VideoFormat;
  file: Opened;
  /** 1 luma of the full range, 3 RGB by BT.601 as the reference takes it. */
  channels: 1 | 3;
  /** Only those frames that are coded on their own. */
  keyframes: boolean;
  /** Only every so manieth frame is written out. */
  every: number;
  /** Turn the frames as the container asks; the reference does not. */
  rotate: boolean;
  /** Stretch the frames to square pixels; the reference does not. */
  squarePixels: boolean;
  maxPixels: number;
  threads: number;
  /** End at the first damage. */
  strict: boolean;
  /** Known to this run only, so that no text inside a file can pass for what the filter says. */
  mark: string;
}

/** Arguments without spaces in them. */
const words = (text: string): string[] => text.split(" ");

/** By the names of the decoders: several builds have VP8, VP9 and AV1 from libraries only. */
const decoders =
  "h264,hevc,vp8,libvpx,vp9,libvpx-vp9,av1,libdav1d,libaom-av1," +
  "mpeg4,mpeg2video,mpeg1video,h263,flv,theora,prores,mjpeg,gif";

const quiet = words("-nostdin -hide_banner -v level+info");
const onlyVideo = words("-map 0:V:0 -an -sn -dn -map_metadata -1 -map_chapters -1"); // V: a film, not a cover

/** The formats have ffmpeg's own names for their parsers. */
function input({ format, file }: Pick<Decoding, "format" | "file">): string[] {
  const path = "fd" in file ? `/proc/self/fd/${file.fd}` : file.path;
  const only = words(`-protocol_whitelist file -format_whitelist ${format} -codec_whitelist ${decoders} -f ${format}`);
  return [...only, "-i", `file:${path}`];
}

/**
 * The plane as it was coded: making it grey would cost nearly half of what decoding does. What has no such plane, or one of
 * more than 8 bits, is converted first. The limited range is left as it is (see frames.ts).
 */
const planar = ["yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p"];
const full = ["yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p"];
const luma = `format=${[...planar, ...full, "gray"].join("|")},extractplanes=y`;

/** Frames as raw samples on standard output; on standard error a line for each frame that was decoded (see report.ts). */
export function decodeArguments(decoding: Decoding, { fpsMode, ownSizes }: Decoder): string[] {
  const { channels, keyframes, every, rotate, squarePixels, maxPixels, threads, strict, mark } = decoding;
  const filters = [
    // Some decoders skip nothing when told to.
    ...(keyframes ? ["select=key"] : []),
    // What changes the size comes before what tells it.
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
    // That of Theora takes what it is to skip for damage. (Discarding packets instead makes the times of MP4 wrong.)
    ...(keyframes && decoding.format !== "ogg" ? words("-skip_frame nokey") : []),
    ...input(decoding),
    ...onlyVideo,
    // Neither doubled nor dropped to an even rate.
    ...(fpsMode ? ["-fps_mode", "passthrough"] : ["-vsync", "passthrough"]),
    ...(ownSizes ? ["-autoscale", "0"] : []),
    "-vf",
    filters.join(","),
    // Copying a frame is all that this encoder does: with threads, the default, it does it on another processor.
    ...words("-threads 1 -c:v rawvideo -f rawvideo pipe:1"),
  ];
}

/** The header of a Matroska file with the first packet, undecoded: what the container says of its frame rate. */
export function probeArguments(file: Pick<Decoding, "format" | "file">): string[] {
  return [...quiet, "-nostats", ...input(file), ...onlyVideo, ...words("-c copy -frames:v 1 -f matroska pipe:1")];
}
