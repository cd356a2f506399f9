/** Passwords, stored as scrypt with a salt of their own. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { badRequest } from "../core/errors.js";
import { Gate } from "../core/gate.js";

interface Cost {
  /** 2 to the power of this. */
  logN: number;
  r: number;
  p: number;
}

/** 64 MiB and some tenths of a second for each try. */
export const passwordCost = 16;
const keyBytes = 32;
const leastLength = 12;
const mostLength = 1024;

/** The most passwords that are checked at a time, and the most that wait. Each check takes 64 MiB. */
const gate = new Gate("passwords", 2, 16);
const forever = new AbortController().signal;

function derive(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const options = { N: 2 ** logN, r, p, maxmem: 2 ** (logN + 8) * r };
  return gate.run(forever, () => {
    return new Promise((resolve, reject) => {
      scrypt(password.normalize("NFC"), salt, keyBytes, options, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    });
  });
}

/** Checks the length of a password. @throws {ServiceError} 400 */
export function checkPassword(password: string): void {
  if (password.length >= leastLength && password.length <= mostLength) return;
  throw badRequest(`A password must have ${leastLength} to ${mostLength} characters`);
}

/**
 * Returns the stored form of a password: its cost, a salt and the key that it gives. @param logN 2 to the power of it
 * is the cost.
 */
export async function sealPassword(password: string, logN: number): Promise<string> {
  checkPassword(password);
  const salt = randomBytes(16);
  const cost: Cost = { logN, r: 8, p: 1 };
  const key = await derive(password, salt, cost);
  return `scrypt$${cost.logN}$${cost.r}$${cost.p}$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/**
 * Returns whether a password is the one that is kept. It takes as long where none is kept. @throws {ServiceError} 429
 */
export async function isPassword(password: string, kept: string | undefined, logN: number): Promise<boolean> {
  const nobody = `scrypt$${logN}$8$1$AAAAAAAAAAAAAAAAAAAAAA$${Buffer.alloc(keyBytes).toString("base64url")}`;
  const [, cost, r, p, salt = "", key = ""] = (kept ?? nobody).split("$");
  const costs = { logN: Number(cost), r: Number(r), p: Number(p) };
  const made = await derive(password.slice(0, mostLength), Buffer.from(salt, "base64url"), costs);
  return timingSafeEqual(made, Buffer.from(key, "base64url")) && kept !== undefined;
}

/** A password for a new account, which its holder changes. */
export const randomPassword = (): string => randomBytes(15).toString("base64url");
