/**
 * Programs of other people, and decoders of hostile files, run under limits and rules that the operating system
 * enforces.
 */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { native } from "../native/load.js";

/** The limits that the operating system enforces on a child, in addition to our own. */
export interface SystemLimits {
  /** Most bytes of address space. */
  memoryBytes: number;
  /** Most seconds of processor time, summed over all threads. */
  cpuSeconds: number;
}

/** How a child is confined. */
export interface Confinement {
  limits: SystemLimits;
  /**
   * The files and folders that it may read, besides its descriptor 3. It may open nothing else, and no socket. Without
   * them it may open what this process may.
   */
  paths?: readonly string[] | undefined;
}

/** Which parts of its confinement the operating system enforces on a child. Outside of Linux it is none. */
export interface Confined {
  /**
   * Address space, processor time, open files, no growing files. The child also ends with the thread that started it.
   */
  limits: boolean;
  /** It opens no files but those that it needs, and makes, changes and removes none. Linux 5.13 and newer. */
  files: boolean;
  /** It opens no sockets, and sends signals to no other process. Linux on x64 and arm64. */
  network: boolean;
}

/** The bits of `enteredConfinement`. */
const enteredLimits = 1;
const enteredFiles = 2;
const enteredCalls = 4;

/**
 * Starts a child that is confined from before its first instruction.
 * @param file the descriptor that becomes the child's descriptor 3.
 * @param start starts exactly one child on this thread.
 */
export function startConfined<T>(
  { limits, paths }: Confinement,
  file: number | undefined,
  start: () => T,
): { child: T; confined: Confined } {
  native.confineNextChild({ ...limits, ...(paths && { paths }), ...(file !== undefined && { file }) });
  let entered = 0;
  let child: T;
  try {
    child = start();
  } finally {
    entered = native.enteredConfinement();
  }
  const has = (bit: number): boolean => (entered & bit) !== 0;
  return { child, confined: { limits: has(enteredLimits), files: has(enteredFiles), network: has(enteredCalls) } };
}

/**
 * Where a Linux system has its programs and libraries, and what they read when they start. No data of users is there.
 */
const systemPaths = `
  /bin /usr/bin /usr/local/bin
  /lib /lib32 /lib64 /usr/lib /usr/lib32 /usr/lib64 /usr/libexec /usr/local/lib
  /nix/store /gnu/store /etc/ld.so.cache /etc/ld.so.preload
  /etc/ld-musl-x86_64.path /etc/ld-musl-aarch64.path
  /etc/ssl/openssl.cnf /etc/pki/tls/openssl.cnf /etc/crypto-policies
  /usr/share/nodejs /usr/share/icu /usr/share/zoneinfo /etc/localtime
  /dev/zero /dev/random /dev/urandom
  /proc/cpuinfo /proc/meminfo /proc/stat /proc/sys/vm /sys/devices/system /sys/fs/cgroup
`
  .trim()
  .split(/\s+/);

/** Returns what a program may have to read so that it starts: itself, its own libraries, and those of the system. */
export function programPaths(program: string): string[] {
  try {
    const file = realpathSync(program);
    return [...systemPaths, file, join(dirname(file), "../lib")];
  } catch {
    return [...systemPaths, program]; // a bare name, or a program that does not exist: starting it says so
  }
}
