// What the start page and the operator's pages do beyond page.js: the key that leads to the search,
// parts that are asked for again when something changed, lines of news, and the map beside its list.

import { now } from "./clock.js";

/** Shortest time between two refreshes of one part, ms. */
const REFRESH_EVERY_MS = 2500;
/** By id, because an answer replaces the part: timers that wait, and when it was asked last. */
const waiting = new Map();
const asked = new Map();

// "/" leads to the search, as long as nobody is typing.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector('input[type="search"]');
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

/** Ask for a part again, not too often, and never while somebody types or chooses in it. */
function refresh({ id }) {
  if (waiting.has(id)) return;
  const wait = REFRESH_EVERY_MS - (performance.now() - (asked.get(id) ?? 0));
  waiting.set(id, setTimeout(() => {
    waiting.delete(id);
    const part = document.getElementById(id);
    if (!part) return;
    asked.set(id, performance.now());
    const isBusy = part.matches(":focus-within") || part.querySelector("dialog[open], details[open]");
    if (isBusy || document.hidden) refresh(part);
    else part.dispatchEvent(new CustomEvent("refresh"));
  }, Math.max(200, wait)));
}

for (const topic of ["site", "locker", "parcel", "queue"]) {
  document.addEventListener(`live:${topic}`, ({ detail }) => {
    for (const part of document.querySelectorAll(`[data-refresh~="${topic}"]`)) {
      const only = part.dataset.refreshOnly;
      if (!only || [detail.data.id, detail.data.locker].includes(only)) refresh(part);
    }
  });
}
document.addEventListener("live:reload", () => {
  for (const part of document.querySelectorAll("[data-refresh]")) refresh(part);
});

// The number beside "Queue".
document.addEventListener("live:queue", ({ detail }) => {
  for (const mark of document.querySelectorAll("[data-queue-count]")) {
    mark.textContent = detail.data.open;
    mark.hidden = !detail.data.open;
  }
});

// News: the newest line on top. Not a live region: a busy network would never stop talking.
document.addEventListener("live:news", ({ detail }) => {
  for (const list of document.querySelectorAll("[data-news]")) {
    if (list.matches(":hover, :focus-within")) continue;
    list.prepend(makeLine(detail.data, list.dataset.icons));
    const none = list.querySelector(".news-none");
    if (none) none.hidden = true;
    const lines = list.querySelectorAll("li:not(.news-none)");
    for (const old of [...lines].slice(Number(list.dataset.news))) old.remove();
  }
});

function makeLine({ at, text, tone, icon, place, href }, icons) {
  const line = document.createElement("li");
  line.className = "is-fresh";
  const mark = document.createElement("span");
  mark.className = `news-mark tone-${tone}`;
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${icons}#${icon}`);
  svg.append(use);
  mark.append(svg);
  const words = document.createElement("span");
  words.className = "news-text";
  const name = document.createElement(href ? "a" : "span");
  if (href) name.href = href;
  name.textContent = text;
  words.append(name);
  if (place) {
    const where = document.createElement("span");
    where.className = "soft";
    where.textContent = ` ${place}`;
    words.append(where);
  }
  const time = document.createElement("time");
  const moment = new Date(at * 1000);
  time.dateTime = moment.toISOString();
  time.title = time.dateTime;
  time.className = "faint";
  time.textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: document.querySelector('meta[name="zone"]')?.content || "UTC" }).format(moment);
  line.append(mark, words, time);
  return line;
}

// The map and its list: choosing in one marks the other.
document.addEventListener("site-selected", ({ detail }) => {
  for (const row of document.querySelectorAll("[data-site]")) {
    const isChosen = row.dataset.site === detail.id;
    row.setAttribute("aria-selected", String(isChosen));
    if (isChosen) row.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
});
document.addEventListener("pointerover", (event) => {
  const row = event.target instanceof Element ? event.target.closest("[data-site]") : null;
  const map = document.querySelector("city-map");
  if (row && map && map.selected !== row.dataset.site) map.selected = row.dataset.site;
});
document.addEventListener("live:site", ({ detail }) => {
  const { id, free, total, state } = detail.data;
  const row = document.querySelector(`[data-site="${CSS.escape(id)}"]`);
  if (!row) return;
  const number = row.querySelector("[data-free]");
  if (number) number.textContent = `${free}/${total}`;
  const bar = row.querySelector(".fill rect");
  if (bar && total) bar.setAttribute("width", String(Math.round((100 * (total - free)) / total)));
  row.dataset.state = state;
});

// A compartment chosen in the drawing opens its panel beside it.
document.addEventListener("compartment-selected", ({ detail, target }) => {
  const panel = target.dataset.panel;
  if (panel) window.htmx?.ajax("GET", `${panel}/${encodeURIComponent(detail.id)}`, { target: "#compartment", swap: "innerHTML" });
});

// A clock in the city's time.
const clocks = document.querySelectorAll("[data-clock]");
if (clocks.length) {
  const zone = document.querySelector('meta[name="zone"]')?.content || "UTC";
  const format = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone });
  const tick = () => {
    for (const clock of clocks) clock.textContent = format.format(new Date(now()));
  };
  tick();
  setInterval(tick, 1000);
}
