// What the review page does in the browser: single keys, and images that are shown only while a key or a button is
// held. An image comes as bytes, is drawn, and is gone again. It never has an address.

const { token = "", keys } = document.body.dataset;

/** @param {string} path @param {Record<string, string>} fields @param {RequestInit} [more] */
const post = (path, fields, more = {}) =>
  fetch(path, { method: "POST", body: new URLSearchParams({ token, ...fields }), cache: "no-store", ...more });

/** The image that is shown or on its way. */
let current;

const box = document.getElementById("reveal");
const canvas = document.getElementById("image");
const state = document.getElementById("reveal-state");

function say(text) {
  if (state !== null) state.textContent = text;
}

/** Hides the image. The server receives how long it was there, also when the page goes. */
function hide() {
  if (current === undefined) return;
  const { timer, controller, id } = current;
  current = undefined;
  clearTimeout(timer);
  controller.abort();
  // A canvas of another size has lost its pixels.
  canvas.width = 1;
  canvas.height = 1;
  canvas.hidden = true;
  for (const button of box.querySelectorAll("[data-level]")) button.setAttribute("aria-pressed", "false");
  say(box.dataset.hidden);
  if (id !== undefined) post(`/review/reveals/${id}/end`, {}, { keepalive: true }).catch(() => undefined);
}

/** What a dialog's "yes" sends, and what follows. */
const questions = {
  colour: { path: "/review/colour", done: () => (box.dataset.colour = "yes") },
  break: { path: "/review/go-on", done: () => say("") },
};

function ask(name) {
  const dialog = document.getElementById(name);
  if (!dialog.open) dialog.showModal();
}

async function show(level) {
  hide();
  if (level === "4" && box.dataset.colour !== "yes") {
    ask("colour");
    return;
  }
  const own = { controller: new AbortController(), timer: undefined, id: undefined };
  current = own;
  box.querySelector(`[data-level="${level}"]`)?.setAttribute("aria-pressed", "true");
  say(box.dataset.loading);
  try {
    const answer = await post(
      `/review/cards/${box.dataset.card}/reveals`,
      { level },
      { signal: own.controller.signal },
    );
    if (!answer.ok) {
      const { code, detail } = await answer.json();
      hide();
      say(`${box.dataset.error}: ${detail}`);
      if (code === "ERR_EMPREINTE_BUDGET") ask("break");
      return;
    }
    own.id = answer.headers.get("x-reveal");
    const bitmap = await createImageBitmap(await answer.blob());
    if (current === own) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      canvas.hidden = false;
      own.timer = setTimeout(hide, Number(box.dataset.lasts));
      say(box.dataset.shown);
    }
    bitmap.close();
  } catch (error) {
    if (current !== own) return;
    hide();
    say(`${box.dataset.error}: ${error.message}`);
  }
}

const isHoldKey = ({ key, target }) =>
  (key === " " || key === "Enter") && target instanceof Element && target.closest("[data-level]") !== null;

/** Whether a key is text of a field, or a command of the browser. */
const isOther = ({ ctrlKey, altKey, metaKey, target }) =>
  ctrlKey ||
  altKey ||
  metaKey ||
  (target instanceof HTMLInputElement && target.type !== "checkbox") ||
  document.querySelector("dialog[open]") !== null;

if (box !== null && canvas !== null) {
  box.addEventListener("pointerdown", ({ target, button }) => {
    const pressed = target instanceof Element ? target.closest("[data-level]") : null;
    if (pressed !== null && button === 0) void show(pressed.dataset.level);
  });
  for (const name of ["pointerup", "pointercancel", "blur"]) window.addEventListener(name, hide);
  window.addEventListener("pagehide", hide);
  document.addEventListener("visibilitychange", () => document.hidden && hide());
  for (const [name, { path, done }] of Object.entries(questions)) {
    const dialog = document.getElementById(name);
    dialog.addEventListener("click", async ({ target }) => {
      if (!(target instanceof HTMLButtonElement)) return;
      dialog.close();
      if (target.value === "yes" && (await post(path, {})).ok) done();
    });
  }
  for (const name of ["contextmenu", "dragstart"]) canvas.addEventListener(name, (event) => event.preventDefault());
  box.addEventListener("contextmenu", (event) => event.preventDefault());
}

document.addEventListener("keydown", (event) => {
  if (isHoldKey(event)) {
    event.preventDefault();
    if (!event.repeat) void show(event.target.closest("[data-level]").dataset.level);
    return;
  }
  if (event.repeat || keys !== "on" || isOther(event)) return;
  if (box?.querySelector(`[data-level="${CSS.escape(event.key)}"]`)) {
    event.preventDefault();
    void show(event.key);
    return;
  }
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (target === null) return;
  event.preventDefault();
  target.click();
});
document.addEventListener("keyup", ({ key }) => {
  if (/^[1-4]$/.test(key) || key === " " || key === "Enter") hide();
});

// What was done just now is read out, and its undo goes when it is too late.
const message = document.getElementById("message");
if (message !== null && message.textContent.trim() !== "") {
  document.getElementById("content").focus();
  const undo = message.querySelector("[data-lasts]");
  if (undo !== null) setTimeout(() => undo.remove(), 1000 * Number(undo.dataset.lasts));
}
