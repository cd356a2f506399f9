/** What a file in a walked folder is, where the library does not read it. Such a file is reported, not skipped. */
import { openFile } from "../../../files/open-file.js";
import { sniffImage } from "../../../index.js";
import { sniffVideo } from "../../../doors/video.js";
import type { Path } from "../names.js";

/** How many first bytes are looked at. */
const headBytes = 4096;

/** The names of images and videos, also of kinds that are not read. */
const imageName =
  /\.(jpe?g|jpe|jfif|jif|png|apng|mng|jng|webp|gif|tiff?|avifs?|heics?|heifs?|hif|bmp|dib|ico|cur|icns|jxl|jp2|j2k|jpf|jpx|jpm|jpc|jxr|wdp|hdp|psd|psb|svgz?|tga|pcx|p[bgpn]m|pam|qoi|exr|hdr|dds|xcf|emf|wmf|dng|cr2|cr3|crw|nef|nrw|arw|srf|sr2|raf|orf|rw2|pef|3fr|erf|kdc|mrw|x3f|iiq)$/i;
const videoName =
  /\.(mp4|m4v|mp4v|mov|qt|mkv|mk3d|webm|avi|divx|wmv|asf|mpe?g|mpe|mpv|m1v|m2v|m2ts|m2t|vob|flv|f4v|ogv|ogm|3gp|3g2|rm|rmvb|dv|mxf|nut|ivf|y4m|amv|wtv|h26[45]|26[45]|hevc|obu)$/i;
/** A transport stream, or a program in TypeScript, which is text. */
const streamOrText = /\.(ts|mts)$/i;

/** Marks of images and videos that are not read: what the bytes are from which place. */
const marks: readonly (readonly [at: number, text: string])[] = [
  [0, "BM"],
  [0, "8BPS"],
  [0, "\xff\x0a"],
  [4, "JXL \r\n\x87\n"],
  [4, "jP  \r\n\x87\n"],
  [0, "\xff\x4f\xff\x51"],
  [0, "II\xbc"],
  [0, "\x8aMNG"],
  [0, "\x8bJNG"],
  [0, "gimp xcf"],
  [0, "qoif"],
  [0, "v/1\x01"],
  [0, "#?RADIANCE"],
  [0, "DDS "],
  [0, "icns"],
  [0, "FLIF"],
  [0, "BPG\xfb"],
  [0, "farbfeld"],
  [0, "IIRO"],
  [0, "IIRS"],
  [0, "IIU\0"],
  [0, "FUJIFILMCCD-RAW"],
  [0, "FOVb"],
  // Windows Media, RealMedia, MXF, Nut, IVF, YUV4MPEG, Bink, MPEG program and elementary streams, H.264 and H.265.
  [0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"],
  [0, ".RMF"],
  [0, "\x06\x0e\x2b\x34\x02\x05\x01\x01"],
  [0, "nut/multimedia container"],
  [0, "DKIF"],
  [0, "YUV4MPEG2"],
  [0, "BIKi"],
  [0, "KB2"],
  [0, "\0\0\x01\xba"],
  [0, "\0\0\x01\xb3"],
  [0, "\0\0\0\x01\x67"],
  [0, "\0\0\0\x01\x40\x01"],
  [0, "\xb7\xd8\x00\x20\x37\x49\xda\x11"],
];

/**
 * A bitmap has its header's length at byte 14; "BM" alone may begin a text. An icon has a count and a reserved byte.
 */
function isMarked(head: Buffer): boolean {
  const text = head.toString("latin1", 0, 64);
  if (text.startsWith("BM")) return head.length >= 26 && head.readUInt32LE(14) <= 256 && head.readUInt32LE(14) >= 12;
  if (/^\0\0[\x01\x02]\0/.test(text)) return head.length >= 22 && head[4]! > 0 && head[5] === 0 && head[9] === 0;
  if (/^P[1-7]\s/.test(text)) return /^P[1-7]\s+(#[^\n]*\s+)*(\d+\s|WIDTH )/.test(text);
  return marks.some(([at, mark]) => text.startsWith(mark, at));
}

/** Any file of boxes: HEIC, and videos of brands that nobody knows. Those of sound alone are left out. */
const isBoxes = (head: Buffer): boolean => {
  const brand = head.toString("latin1", 8, 12);
  return head.toString("latin1", 4, 8) === "ftyp" && !/^(M4A|M4B|M4P|F4A|F4B)/.test(brand);
};

const isSvg = (head: Buffer): boolean =>
  /^\ufeff?\s*(<\?xml[^]*?)?(<!--[^]*?-->\s*)*(<!DOCTYPE svg|<svg[\s>])/.test(head.toString("utf8"));

/** No control characters but white space. */
const isText = (head: Buffer): boolean =>
  head.length > 0 && !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(head.toString("latin1"));

/** Returns the first bytes of a file, or none if it cannot be read. */
async function headOf(path: Path): Promise<Buffer> {
  try {
    const { file } = await openFile(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** Whether a file is, or is named like, an image or video of any kind, read or not. */
export async function looksLikeMedia(path: Path): Promise<boolean> {
  const name = path.toString("latin1");
  if (imageName.test(name) || videoName.test(name)) return true;
  const head = await headOf(path);
  if (streamOrText.test(name) && !isText(head)) return true;
  if (sniffImage(head) !== undefined || sniffVideo(head) !== undefined) return true;
  return isMarked(head) || isBoxes(head) || isSvg(head);
}
