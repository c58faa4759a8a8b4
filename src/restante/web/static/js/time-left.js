// <time-left until="2026-11-22T18:00:00Z"></time-left>: how long until a deadline, in words.
// Not a live region: a screen reader hears it when it comes by, not every minute.
// `data-near` is set in the last three hours, `data-over` after the deadline.

import { say } from "./words.js";
import { now, speed } from "./clock.js";

const NEAR_MS = 3 * 3600_000;
const all = new Set();
let ticking = 0;

function tick() {
  for (const element of all) element.draw();
  ticking = all.size ? setTimeout(tick, Math.max(1000, 20_000 / speed())) : 0;
}

class TimeLeft extends HTMLElement {
  static observedAttributes = ["until"];

  connectedCallback() {
    all.add(this);
    this.draw();
    if (!ticking) tick();
  }

  disconnectedCallback() {
    all.delete(this);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.draw();
  }

  draw() {
    const left = Date.parse(this.getAttribute("until")) - now();
    if (Number.isNaN(left)) return;
    const span = Math.abs(left);
    const text = left > 0 && left < 60_000 ? say("time.now") : say(left > 0 ? "time.left" : "time.over", { span: inWords(span) });
    if (this.textContent !== text) this.textContent = text;
    this.toggleAttribute("data-near", left > 0 && left < NEAR_MS);
    this.toggleAttribute("data-over", left <= 0);
    this.dataset.ready = "";
  }
}

function inWords(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return say("time.minutes", { n: Math.max(1, minutes) });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return say("time.hours", { n: hours });
  return say("time.days", { n: Math.floor(hours / 24) });
}

customElements.define("time-left", TimeLeft);
