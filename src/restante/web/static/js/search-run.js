// A long search as it goes: told by the event stream, or asked for where another process of
// the centre searches.

const ASK_MS = 4_000;
const STAGES = { reading: "Reading the problem", compiling: "Getting ready", searching: "Searching" };

const run = document.querySelector("[data-search]");

function put(id, text) {
  const place = document.querySelector(`#${id} .metric-value`);
  if (place) place.textContent = text;
}

function show({ stage, share, cost, gap, vehicles, per_second: speed }) {
  const title = run.querySelector("[data-run-stage]");
  const words = STAGES[stage] ?? stage;
  if (title.textContent !== words) {
    title.textContent = words;
    run.querySelector("[data-run-said]").textContent = words;
  }
  run.querySelector("[data-run-share]").value = share;
  if (stage !== "searching") return;
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  put("run-cost", cost === null ? "–" : number.format(cost));
  put("run-gap", gap === null || gap === undefined ? "–" : `${number.format(100 * gap)} %`);
  put("run-vehicles", String(vehicles));
  put("run-served", cost === null ? "not yet" : "yes");
  put("run-speed", number.format(Math.round(speed)));
}

/** Load the page again as soon as the plan is no longer what this page shows. */
async function ask() {
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok && page.querySelector("[data-search]")?.dataset.status !== run.dataset.status) location.reload();
  } catch {
    // Without a network the next question may succeed.
  }
}

if (run) {
  document.addEventListener("live:search", ({ detail }) => {
    if (detail.data.id !== run.dataset.search) return;
    if (detail.data.is_over) ask();
    else show(detail.data);
  });
  setInterval(ask, ASK_MS);
}
