// <label-scanner>: reads a label by hand scanner, keyboard or camera.
//
//   <form method="post" hx-post="/courier/scan"><label-scanner>
//     <div class="scan-line"><input class="input" name="label" aria-label="Label" autofocus> <button class="button">Enter</button></div>
//   </label-scanner></form>
//
// The field stands in the page and works without scripts; without one the element makes its own
// (attribute name, default "label"). Hand scanners type fast and end with Enter, and are heard even
// when the field has lost the focus. Each reading emits `label-scanned` {text, format, by} and then
// submits the form around it, unless the listener calls preventDefault().
// The page must be served with SCANNER_POLICY (security.py), or the camera stays off.

import { LitElement, html, nothing } from "./lit.js";
import { say } from "./words.js";
import { vendored } from "./vendor.js";

/** The same label within this time, ms, is one reading. */
const REPEAT_MS = 3000;
/** A hand scanner leaves less than this between two characters, ms; people need more. */
const TYPED_GAP_MS = 60;
const WEDGE_LENGTH_MIN = 5;
const FORMATS = ["code_128", "qr_code", "data_matrix", "ean_13", "itf", "code_39", "pdf417", "aztec"];

/** Load the reader once; its WebAssembly comes from our own files. */
let reader = null;
function loadReader() {
  reader ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = vendored["barcode-detector/ponyfill.js"];
    script.addEventListener("load", () => {
      const api = globalThis.BarcodeDetectionAPI;
      api.prepareZXingModule({ overrides: { locateFile: () => vendored["zxing-wasm/zxing_reader.wasm"] } });
      done(new api.BarcodeDetector({ formats: FORMATS }));
    });
    script.addEventListener("error", () => fail(new Error("The barcode reader could not be loaded.")));
    document.head.append(script);
  });
  return reader;
}

class LabelScanner extends LitElement {
  static properties = { name: {}, watching: { state: true }, status: { state: true } };

  constructor() {
    super();
    this.status = "";
    this.typed = "";
    this.onKey = (event) => this.hearKey(event);
    this.onHide = () => { if (document.hidden) this.stop(); };
  }

  createRenderRoot() {
    this.ownField = this.querySelector("input");
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("visibilitychange", this.onHide);
    this.dataset.ready = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("visibilitychange", this.onHide);
    this.stop();
  }

  get field() {
    return this.querySelector("input");
  }

  /** Hear a hand scanner that types while the focus is elsewhere. FNC1 comes as Ctrl+]. */
  hearKey(event) {
    const inField = event.target instanceof HTMLElement && event.target.matches("input, textarea, select, [contenteditable]");
    if (inField || document.querySelector("dialog[open]")) return;
    const late = event.timeStamp - this.typedAt > TYPED_GAP_MS;
    this.typedAt = event.timeStamp;
    if (late) this.typed = "";
    if (event.key === "Enter") {
      if (this.typed.length >= WEDGE_LENGTH_MIN) {
        event.preventDefault();
        this.take(this.typed, "", "scanner");
      }
      this.typed = "";
    } else if (event.ctrlKey && event.key === "]") {
      this.typed += "\u001d";
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.typed += event.key;
    }
  }

  /** Take one reading, from whatever read it. */
  take(text, format, by) {
    const isRepeat = text === this.lastText && performance.now() - this.lastAt < REPEAT_MS;
    this.lastText = text;
    this.lastAt = performance.now();
    if (isRepeat) return;
    this.field.value = text;
    navigator.vibrate?.(60);
    const event = new CustomEvent("label-scanned", { detail: { text, format, by }, bubbles: true, cancelable: true });
    if (this.dispatchEvent(event)) this.field.form?.requestSubmit();
  }

  enter(event) {
    if (event.key && event.key !== "Enter") return;
    event.preventDefault();
    const text = this.field.value.trim();
    if (text) this.take(text, "", "keyboard");
  }

  async start() {
    try {
      const [detector, stream] = await Promise.all([
        loadReader(),
        navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } }),
      ]);
      this.stream = stream;
      this.watching = true;
      this.status = say("scan.watching");
      await this.updateComplete;
      const video = this.querySelector("video");
      video.srcObject = stream;
      await video.play();
      this.look(detector, video);
    } catch (problem) {
      console.warn(problem);
      this.stop();
      this.status = say("scan.refused");
    }
  }

  async look(detector, video) {
    while (this.stream && this.isConnected) {
      const found = await detector.detect(video).catch(() => []);
      if (found.length) this.take(found[0].rawValue, found[0].format, "camera");
      await new Promise((next) => setTimeout(next, 80));
    }
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.watching = false;
    this.status = "";
  }

  render() {
    const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia);
    return html`<div class="stack-s">
      ${this.ownField ? nothing : html`<div class="scan-line">
        <input class="input" name=${this.name ?? "label"} aria-label=${say("scan.type")} placeholder=${say("scan.type")}
               autocomplete="off" autocapitalize="characters" spellcheck="false" enterkeyhint="done" @keydown=${(event) => this.enter(event)}>
        <button type="button" class="button" @click=${(event) => this.enter(event)}>${say("scan.enter")}</button></div>`}
      ${this.watching ? html`<div class="scan-view"><video muted playsinline aria-hidden="true"></video><span class="scan-frame"></span></div>` : nothing}
      <p class="scan-status" role="status">${this.status}</p>
      ${hasCamera ? html`<button type="button" class="button button-wide" @click=${() => (this.watching ? this.stop() : this.start())}>
        <svg class="icon" aria-hidden="true"><use href=${`${vendored["lucide-static/icons.svg"]}#camera`}></use></svg>
        ${this.watching ? say("scan.stop") : say("scan.camera")}</button>` : nothing}
    </div>`;
  }
}

customElements.define("label-scanner", LabelScanner);
