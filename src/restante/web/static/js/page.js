// What every page needs: theme button, native dialogs, toasts, answers to failed requests, and the
// event stream. Elements are loaded only where a page uses them.

import { say } from "./words.js";
import { follow } from "./live.js";
import { vendored } from "./vendor.js";

const elements = ["city-map", "cabinet-drawing", "time-left", "series-chart", "label-scanner"];

/** Load the modules of the elements that stand in this part of the page. */
function loadElements(root) {
  for (const name of elements) {
    if (customElements.get(name)) continue;
    if (root.matches?.(name) || root.querySelector(name)) import(`./${name}.js`);
  }
}

/** Show for a while what happened; `undo` is called when the reader takes it back. */
export function toast(text, { tone = "", action = "", undo = null } = {}) {
  const box = document.createElement("div");
  box.className = `toast${tone ? ` tone-${tone}` : ""}`;
  if (tone === "good" || tone === "bad") box.append(icon(tone === "good" ? "circle-check" : "circle-alert"));
  const span = document.createElement("span");
  span.textContent = text;
  box.append(span);
  if (undo) box.append(button(action, () => { box.remove(); undo(); }));
  const cross = button("", () => box.remove());
  cross.classList.add("button-icon");
  cross.setAttribute("aria-label", say("toast.dismiss"));
  cross.append(icon("x"));
  box.append(cross);
  document.getElementById("toasts").append(box);
  // A toast that can be answered, or tells of a failure, waits for the reader.
  if (!undo && tone !== "bad") setTimeout(() => box.remove(), 7000);
  return box;
}

function button(text, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "button button-small";
  element.textContent = text;
  element.addEventListener("click", onClick);
  return element;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${vendored["lucide-static/icons.svg"]}#${name}`);
  svg.append(use);
  return svg;
}

function changeTheme() {
  const root = document.documentElement;
  const next = { undefined: "light", light: "dark", dark: "" }[root.dataset.theme];
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  try {
    if (next) localStorage.setItem("theme", next);
    else localStorage.removeItem("theme");
  } catch {
    // Without storage the choice lasts until the next page.
  }
  document.dispatchEvent(new CustomEvent("theme-changed"));
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  if (target.closest("[data-theme-button]")) changeTheme();
  const opener = target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (target.closest("[data-closes]")) target.closest("dialog")?.close();
  if (target.closest("[data-prints]")) window.print();
  const copier = target.closest("[data-copies]");
  if (copier) navigator.clipboard?.writeText(copier.dataset.copies);
  if (target instanceof HTMLDialogElement && target.open) target.close();
});

// A server may ask for a toast in its answer: HX-Trigger: {"toast": {"text": "…", "tone": "good",
// "target": "body"}}; the target matters when the answer replaces the element that asked.
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));
document.addEventListener("htmx:error", () => toast(say(navigator.onLine ? "toast.failed" : "toast.offline"), { tone: "bad" }));

loadElements(document);
new MutationObserver((records) => {
  for (const record of records) for (const node of record.addedNodes) if (node instanceof Element) loadElements(node);
}).observe(document.body, { childList: true, subtree: true });

const stream = document.querySelector('meta[name="stream-url"]')?.content;
if (stream) follow(stream);
