// One event stream for all tabs of a browser. Browsers allow about six connections per origin under
// HTTP/1.1, so one tab leads (Web Locks) and passes events on to the others (BroadcastChannel).
//
// Every named event of the stream becomes a DOM event `live:<name>` on document, with
// detail = {id, data} and data parsed from JSON. The stream is resumed after its last id. Events
// `live:up` and `live:down` tell whether the stream is connected; <html data-live="up|down"> too.

import { say } from "./words.js";

/** Longest silence, ms, before the stream counts as dead: two heartbeats of 15 s and some slack. */
const SILENCE_MAX = 40_000;
const WAIT_MIN = 500;
const WAIT_MAX = 30_000;

let channel = null;
let lastId = "";

/** Follow the stream at this address for as long as the page lives. */
export function follow(address) {
  if (channel) return;
  channel = new BroadcastChannel(`live ${address}`);
  channel.addEventListener("message", (message) => tell(message.data));
  if (!navigator.locks) {
    lead(address);
    return;
  }
  navigator.locks.request(`live ${address}`, () => lead(address));
}

/** Tell the page; `event` is {name, id, data}. */
function tell(event) {
  if (event.id) lastId = event.id;
  if (event.name === "up" || event.name === "down") showState(event.name);
  document.dispatchEvent(new CustomEvent(`live:${event.name}`, { detail: event }));
}

function tellAll(event) {
  tell(event);
  channel.postMessage(event);
}

function showState(state) {
  document.documentElement.dataset.live = state;
  for (const mark of document.querySelectorAll("[data-live-mark]")) {
    mark.hidden = state === "up";
    mark.textContent = state === "up" ? "" : say("live.stale");
  }
}

/** Lead until the page ends: connect, read, and connect again with growing, scattered waits. */
async function lead(address) {
  let wait = WAIT_MIN;
  for (;;) {
    const began = Date.now();
    try {
      await readStream(address);
    } catch {
      // A failed connection is the expected way for a stream to end; the loop connects again.
    }
    tellAll({ name: "down" });
    if (Date.now() - began > WAIT_MAX) wait = WAIT_MIN;
    await new Promise((done) => setTimeout(done, wait * (0.7 + 0.6 * Math.random())));
    wait = Math.min(WAIT_MAX, wait * 2);
  }
}

async function readStream(address) {
  const stopper = new AbortController();
  let watchdog = setTimeout(() => stopper.abort(), SILENCE_MAX);
  const headers = { accept: "text/event-stream" };
  if (lastId) headers["last-event-id"] = lastId;
  try {
    const answer = await fetch(address, { headers, signal: stopper.signal, cache: "no-store" });
    if (!answer.ok || !answer.body) throw new Error(`The stream answered ${answer.status}.`);
    tellAll({ name: "up" });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => stopper.abort(), SILENCE_MAX);
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) emit(block);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

/** Turn one block of the stream into an event; comments (heartbeats) have no data and end here. */
function emit(block) {
  let name = "message";
  let id = "";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, "");
    const key = line.slice(0, colon);
    if (key === "event") name = value;
    else if (key === "id") id = value;
    else if (key === "data") data.push(value);
  }
  if (!data.length) return;
  const text = data.join("\n");
  let parsed = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Plain text is allowed; the listener knows what it asked for.
  }
  tellAll({ name, id, data: parsed });
}
