// The base of our elements: they render into the page (no shadow), and take their data from
// `src` (address of JSON) or from a child <script type="application/json">, which needs no request.
// `data-ready` is set when data is drawn, `data-failed` when it could not be loaded.

import { LitElement, html, nothing } from "./lit.js";
import { say } from "./words.js";

export class DataElement extends LitElement {
  static properties = {
    src: {},
    model: { state: true },
    failure: { state: true },
  };

  createRenderRoot() {
    this.renderOptions.renderBefore ??= this.firstChild;
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.load();
  }

  updated(changed) {
    if (changed.has("src") && changed.get("src") !== undefined) this.load();
  }

  /** Load the data again, from `src` when given. */
  async load() {
    const block = this.querySelector(':scope > script[type="application/json"]');
    if (!this.src) {
      if (block) this.accept(JSON.parse(block.textContent));
      return;
    }
    try {
      this.accept(await fetchJson(this.src));
    } catch (problem) {
      this.failure = problem;
      this.dataset.failed = "";
      console.warn(problem);
    }
  }

  /** Take new data; also callable by a page: element.accept({...}). */
  accept(model) {
    this.failure = null;
    delete this.dataset.failed;
    this.model = model;
  }

  renderFailure() {
    if (!this.failure) return nothing;
    return html`<div class="element-failed" role="alert">
      <span>${say("load.failed")}</span>
      <button type="button" class="button" @click=${() => this.load()}>${say("load.again")}</button>
    </div>`;
  }

  announce(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

/** Fetch JSON from our own server. */
export async function fetchJson(address) {
  const answer = await fetch(address, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return answer.json();
}

/** Load a style sheet of static/css once, and wait for it. */
const sheets = new Map();
export function loadSheet(name) {
  if (!sheets.has(name)) {
    sheets.set(name, new Promise((done) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = new URL(`../css/${name}`, import.meta.url).href;
      link.addEventListener("load", done);
      link.addEventListener("error", done);
      document.head.append(link);
    }));
  }
  return sheets.get(name);
}

/** Work out what colors our tokens have now: canvases cannot read light-dark(). */
export function readColors(element, names) {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const colors = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    colors[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colors;
}

/** Call back whenever light and dark change places; returns a function that stops it. */
export function onScheme(callback) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", callback);
  document.addEventListener("theme-changed", callback);
  return () => {
    query.removeEventListener("change", callback);
    document.removeEventListener("theme-changed", callback);
  };
}
