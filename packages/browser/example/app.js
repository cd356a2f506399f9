// The page: files in, a case out. It sends nothing before the button for it is pressed.
import { Hasher } from "./empreinte/index.js";
import { keyOf, makeCase, makeCode } from "./case.js";
import { texts } from "./texts.js";

const $ = (id) => document.getElementById(id);
const hasher = new Hasher();
const endpoint = document.querySelector('meta[name="empreinte-cases"]').content;
/** The least quality of a hash that is worth listing. */
const leastQuality = 50;

let language = navigator.languages.some((name) => name.startsWith("fr")) ? "fr" : "en";
const items = [];
let code = "";
let work;
/** What each status says, so that it can change its language. */
const said = new Map();

const text = (name, values = {}) =>
  (texts[language][name] ?? name).replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));

function say(id, name, values) {
  said.set(id, { name, values });
  $(id).textContent = text(name, values);
}

function showLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = language;
  document.title = text("title");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const button of document.querySelectorAll("[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  for (const [id, { name, values }] of said) $(id).textContent = text(name, values);
  showList();
}

function showNetwork() {
  say("network", navigator.onLine ? "online" : "offline");
}

function lineOf({ name, image, video, error }) {
  if (error) return text(error, { name });
  if (video) return text("video", { name, count: video.frames.length });
  return text(image ? "good" : "weak", { name });
}

function showList() {
  $("list").replaceChildren(
    ...items.map((item) => {
      const line = document.createElement("li");
      line.textContent = lineOf(item);
      return line;
    }),
  );
  $("list-section").hidden = items.length === 0;
  $("case-section").hidden = !items.some(({ image, video }) => image || video);
}

const listed = ({ quality, stable }) => quality >= leastQuality && stable;

async function hash(file, options) {
  if (file.type.startsWith("video/")) {
    const video = await hasher.hashVideo(file, options);
    const frames = video.frames.filter(listed);
    return frames.length === 0 ? { name: file.name } : { name: file.name, video: { ...video, frames } };
  }
  const crops = $("crops").checked ? "standard" : "none";
  const image = await hasher.hashImage(file, { ...options, crops });
  return listed(image) ? { name: file.name, image } : { name: file.name };
}

async function prepare(files) {
  work = new AbortController();
  $("files").disabled = $("crops").disabled = true;
  $("progress").hidden = $("stop").hidden = false;
  const before = items.length;
  for (const [i, file] of files.entries()) {
    say("state", "working", { number: i + 1, count: files.length });
    const onProgress = (share) => ($("progress").value = (i + share) / files.length);
    try {
      items.push(await hash(file, { signal: work.signal, onProgress }));
    } catch (error) {
      if (work.signal.aborted) break;
      items.push({ name: file.name, error: error.code ?? "ERR_EMPREINTE_CORRUPT" });
    }
    showList();
  }
  const good = items.slice(before).filter(({ image, video }) => image || video).length;
  if (work.signal.aborted) say("state", "stopped");
  else say("state", "done", { good, count: files.length });
  $("progress").hidden = $("stop").hidden = true;
  $("files").disabled = $("crops").disabled = false;
  $("files").value = "";
  if (code === "") $("code").textContent = code = makeCode();
}

async function save() {
  const blob = new Blob([JSON.stringify(await makeCase(items, code), null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "case.json";
  link.click();
  URL.revokeObjectURL(link.href);
  say("sent", "saved");
}

/** Sends JSON. The address has no hash and no code in it. */
async function post(url, value, headers = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
    credentials: "omit",
    referrerPolicy: "no-referrer",
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

async function send() {
  $("send").disabled = true;
  say("sent", "sending");
  try {
    // If the answer is lost, the next try opens no second case.
    const file = await makeCase(items, code);
    const { case: number } = await post(endpoint, file, { "idempotency-key": await keyOf(file) });
    say("sent", "sentAs", { number });
  } catch {
    say("sent", "sendFailed");
    $("send").disabled = false;
  }
}

async function withdraw(event) {
  event.preventDefault();
  const number = $("case-number").value.trim();
  try {
    await post(`${endpoint}/withdraw`, { case: number, code: $("withdraw-code").value });
    say("withdrawn", "withdrawn");
  } catch {
    say("withdrawn", "withdrawFailed");
  }
}

for (const button of document.querySelectorAll("[data-language]"))
  button.addEventListener("click", () => showLanguage(button.dataset.language));
$("files").addEventListener("change", ({ target }) => void prepare([...target.files]));
$("stop").addEventListener("click", () => work?.abort());
$("kept").addEventListener("change", ({ target }) => ($("save").disabled = $("send").disabled = !target.checked));
$("save").addEventListener("click", () => void save());
$("send").addEventListener("click", () => void send());
$("withdraw").addEventListener("submit", (event) => void withdraw(event));
addEventListener("online", showNetwork);
addEventListener("offline", showNetwork);
addEventListener("pagehide", () => hasher.close());

$("send").hidden = $("withdraw-section").hidden = endpoint === "";
showLanguage(language);
showNetwork();
say("state", "starting");
navigator.serviceWorker?.register("offline.js", { type: "module" }).catch(() => undefined);
try {
  await hasher.start();
  say("state", "ready");
  $("files").disabled = false;
} catch (error) {
  say("state", error.code ?? "ERR_EMPREINTE_BROWSER", { name: "empreinte" });
}
