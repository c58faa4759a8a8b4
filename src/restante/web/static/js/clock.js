// What time it is for the pages. A demo lives faster than the wall clock, so the server says its time
// and speed once in <meta name="clock" content="ISO time" data-speed="1"> and again in `live:clock`
// events ({"now": ISO or Unix seconds, "speed": number}); in between the page counts on.

let base = null;

function start() {
  const meta = document.querySelector('meta[name="clock"]');
  set(meta?.content || Date.now(), Number(meta?.dataset.speed) || 1);
}

function set(moment, speed) {
  const ms = typeof moment === "string" ? Date.parse(moment) : moment < 1e11 ? moment * 1000 : moment;
  base = { ms, speed, at: performance.now() };
}

document.addEventListener("live:clock", ({ detail }) => set(detail.data.now, detail.data.speed ?? 1));

/** Milliseconds since 1970 by the server's clock. */
export function now() {
  if (!base) start();
  return base.ms + (performance.now() - base.at) * base.speed;
}

/** How many seconds pass per second. */
export function speed() {
  if (!base) start();
  return base.speed;
}
