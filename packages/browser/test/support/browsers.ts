/** Debian's Chromium and Firefox without a window: a page is opened, and functions of it are called. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

export interface BrowserPage {
  /** Calls `window.call(name, ...values)`. */
  call<T>(name: string, ...values: unknown[]): Promise<T>;
  /** Chooses a file of this machine in the page's only field for one. */
  choose(path: string): Promise<void>;
  close(): Promise<void>;
}

export const chromiumPath = "/usr/bin/chromium";
export const firefoxPath = "/usr/bin/firefox-esr";
export const hasChromium: boolean = existsSync(chromiumPath);
export const hasFirefox: boolean = existsSync(firefoxPath);

export const quiet: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens a page in Chromium. @param flags more of its flags. */
export async function openChromium(url: string, flags: readonly string[] = []): Promise<BrowserPage> {
  const browser = await chromium.launch({ executablePath: chromiumPath, headless: true, args: [...quiet, ...flags] });
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction("document.title === 'ready'");
  return {
    call: (name, ...values) => page.evaluate(`window.call(...${JSON.stringify([name, ...values])})`),
    choose: (path) => page.setInputFiles("input", path),
    close: () => browser.close(),
  };
}

/** Preferences without which Firefox asks its maker's servers. */
const silence = {
  "app.normandy.enabled": false,
  "app.update.auto": false,
  "browser.aboutwelcome.enabled": false,
  "browser.region.network.url": "",
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.getAddons.cache.enabled": false,
  "extensions.systemAddon.update.enabled": false,
  "marionette.port": 0,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "toolkit.telemetry.enabled": false,
};

/** Firefox's own protocol for tests: messages of JSON behind their length. */
class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #next = 0;
  #received = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    // What waits hears of it when the socket closes.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Firefox ended"));
    });
  }

  send<T>(command: string, parameters: object = {}): Promise<T> {
    const id = this.#next++;
    const text = JSON.stringify([0, id, command, parameters]);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const colon = this.#received.indexOf(":");
      const length = Number(this.#received.subarray(0, Math.max(0, colon)).toString());
      if (colon < 1 || this.#received.length < colon + 1 + length) return;
      const text = this.#received.subarray(colon + 1, colon + 1 + length).toString();
      this.#received = this.#received.subarray(colon + 1 + length);
      const message = JSON.parse(text) as unknown;
      if (!Array.isArray(message)) continue; // its greeting
      const [, id, error, result] = message as [number, number, { message: string } | null, unknown];
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === null) waiting?.resolve(result);
      else waiting?.reject(new Error(error.message));
    }
  }
}

async function portOf(profile: string, firefox: ChildProcess): Promise<number> {
  for (;;) {
    const file = join(profile, "MarionetteActivePort");
    const port = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    if (port > 0) return port;
    if (firefox.exitCode !== null) throw new Error(`Firefox ended with ${firefox.exitCode}`);
    await sleep(100);
  }
}

/** Opens a page in Firefox. @param preferences more of its preferences. */
export async function openFirefox(url: string, preferences: Record<string, unknown> = {}): Promise<BrowserPage> {
  const profile = mkdtempSync(join(tmpdir(), "empreinte-firefox-"));
  const lines = Object.entries({ ...silence, ...preferences }).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, "user.js"), `${lines.join("\n")}\n`);
  const firefox = spawn(firefoxPath, ["--headless", "--no-remote", "--profile", profile, "--marionette"], {
    env: { ...process.env, HOME: profile },
    stdio: "ignore",
  });
  const exited = new Promise((resolve) => firefox.once("exit", resolve));
  const close = async (): Promise<void> => {
    firefox.kill("SIGKILL");
    await exited;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const socket = connect(await portOf(profile, firefox), "127.0.0.1");
    const marionette = new Marionette(socket);
    await marionette.send("WebDriver:NewSession", { strictFileInteractability: true });
    await marionette.send("WebDriver:SetTimeouts", { script: 500_000 });
    await marionette.send("WebDriver:Navigate", { url });
    const evaluate = async (script: string): Promise<string | null> =>
      (await marionette.send<{ value: string | null }>("WebDriver:ExecuteScript", { script, args: [] })).value;
    const until = async (script: string, done: (value: string | null) => boolean): Promise<string> => {
      for (;;) {
        const value = await evaluate(script);
        if (done(value)) return value ?? "";
        await sleep(50);
      }
    };
    await until("return document.title", (title) => title === "ready");
    const call = async <T>(name: string, ...values: unknown[]): Promise<T> => {
      // Only text is the same on the page's side and on the one of the script.
      await evaluate(`window.begin(${JSON.stringify(JSON.stringify([name, ...values]))})`);
      return JSON.parse(await until("return window.answer", (text) => text !== null && text !== "")) as T;
    };
    const choose = async (path: string): Promise<void> => {
      const field = { using: "css selector", value: "input" };
      const { value } = await marionette.send<{ value: Record<string, string> }>("WebDriver:FindElement", field);
      await marionette.send("WebDriver:ElementSendKeys", { id: Object.values(value)[0], text: path });
    };
    return { call, choose, close };
  } catch (error) {
    await close();
    throw error;
  }
}
