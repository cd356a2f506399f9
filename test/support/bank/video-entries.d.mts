import type { EntryInput } from "../../../dist/doors/bank.js";
import type { VideoSignature } from "../../../dist/doors/video.js";

export function videoOf(number: number): EntryInput & { signals: NonNullable<EntryInput["signals"]> };
export function hashesOfVideo(number: number): string[];
export function timesOfVideo(number: number): Buffer[];
export function clipOf(number: number): VideoSignature;
