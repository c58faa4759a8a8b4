// The kiosk's screen: forms go without a page load, the screen follows the stream, and whatever a
// scanner types lands in the field. Without this file every form still works.
//
// Five keys are enough for everything (docs/howto/set-up-a-kiosk-for-everyone.md).

const KEYS = {
  ArrowDown: "next", ArrowRight: "next", ArrowUp: "previous", ArrowLeft: "previous",
  Enter: "select", Escape: "back", F1: "repeat",
};
const SWITCHES = {
  F2: "large", F3: "contrast", F4: "speech", F6: "headphones:in", F7: "headphones:out",
  F8: "quieter", F9: "louder",
};
const PRESENCE_MS = 5000;

const screen = document.getElementById("screen");
const { stream, here, sounds } = document.body.dataset;
const voice = new Audio();
const beeper = new Audio();
let shown = "";
let shownCount = 0;
let answered = Promise.resolve();
let lastPresence = 0;

/** Put a new screen in place; what is being typed and where the focus is stay, on one screen. */
function show(markup, { keepTyped = true } = {}) {
  // The answer to a form and the stream bring the same screen: the second changes nothing.
  if (markup === shown && keepTyped) return;
  shown = markup;
  shownCount += 1;
  const before = look();
  const typed = field()?.value ?? "";
  const focused = mark(document.activeElement);
  const incoming = new DOMParser().parseFromString(markup, "text/html").body;
  const same = incoming.querySelector("main")?.dataset.name === before.name;
  const wasWritten = field()?.defaultValue ?? "";
  screen.replaceChildren(...incoming.childNodes);
  const input = field();
  const now = look();
  const root = document.documentElement;
  root.dataset.screen = now.name;
  root.lang = view()?.lang ?? root.lang;
  root.dir = view()?.dir ?? root.dir;
  if (keepTyped && same && input && typed !== wasWritten && input.defaultValue === wasWritten) input.value = typed;
  const over = screen.querySelector(".over button");
  const again = same && focused ? [...screen.querySelectorAll("button")].find((one) => mark(one) === focused) : null;
  (over ?? again ?? input ?? screen.querySelector("button.main"))?.focus({ preventScroll: true });
  if (input && document.activeElement === input) input.setSelectionRange(input.value.length, input.value.length);
  tell(before, now);
}

function view() {
  return document.getElementById("view");
}

function field() {
  return screen.querySelector("#text");
}

function mark(element) {
  return element instanceof HTMLButtonElement ? `${element.name}=${element.value}${element.dataset.act ?? ""}` : "";
}

/** What the screen says and sounds like. */
function look() {
  const { speech = "", note = "", idle = "", sound = "", volume = "3" } = view()?.dataset ?? {};
  return { name: screen.querySelector("main")?.dataset.name ?? "", speech, note, idle, sound, volume };
}

/** Say and sound what is new. */
function tell(before, now) {
  if (now.sound && now.sound !== before.sound) beep(now.sound.split(":")[0], now.volume);
  if (!now.speech) silence();
  else if (now.idle && !before.idle) speak(now.idle);
  else if (now.name !== before.name || !before.speech) speak(now.speech);
  else if (now.note && now.note !== before.note) speak(now.note);
  else if (now.volume !== before.volume) announceFocus();
  else if (now.speech !== before.speech && !now.note) speak(now.speech);
}

function speak(name) {
  if (!name) return;
  voice.pause();
  voice.src = `${here}/clip/${name}`;
  voice.volume = Number(look().volume) / 5;
  document.documentElement.dataset.said = name;
  voice.play().catch(() => {});
}

function silence() {
  voice.pause();
  delete document.documentElement.dataset.said;
}

function beep(name, volume) {
  beeper.src = `${sounds}${name}`;
  beeper.volume = Number(volume) / 5;
  document.documentElement.dataset.sounded = name;
  beeper.play().catch(() => {});
}

voice.addEventListener("playing", () => { document.documentElement.dataset.heard = document.documentElement.dataset.said ?? ""; });

/** Send a form and show the answer; when the controller is away, the page says so by reloading. */
async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const input = form.querySelector("#text");
  // What the screen wrote into the field the locker knows better: a digit may still be on its way.
  if (input && input.value === input.defaultValue) body.set("text", "");
  await post(form.action, body, { keepTyped: form.id !== "scan", typed: field()?.value });
}

/** Send one thing after the other: what is pressed quickly arrives in the order it was pressed. */
function post(address, body, options) {
  const turn = answered.then(() => exchange(address, body, options));
  answered = turn.catch(() => {});
  return turn;
}

async function exchange(address, body, { keepTyped = true, typed } = {}) {
  const asked = shownCount;
  const response = await fetch(address, { method: "POST", body, headers: { accept: "text/x-fragment" } });
  if (!response.ok) return location.reload();
  const markup = await response.text();
  // Answers are overtaken. What was shown since may be newer; if not, the stream brings this one.
  if (shownCount === asked || markup === shown) show(markup, { keepTyped });
  else if (!keepTyped && field()?.value === typed) field().value = field().defaultValue;
}

function press(button) {
  post(`${here}/touch`, new URLSearchParams({ button })).catch(() => location.reload());
}

/** Say that somebody is there: nothing anybody pressed waits for that. */
function stay() {
  exchange(`${here}/touch`, new URLSearchParams({ button: "stay" })).catch(() => location.reload());
}

/** Tell that somebody is there who touches no button: during the countdown at once. */
function notePresence() {
  const isUrgent = look().idle || screen.querySelector(".idle");
  if (!isUrgent && Date.now() - lastPresence < PRESENCE_MS) return;
  lastPresence = Date.now();
  stay();
}

/** Everything the keys walk through: first what is asked, then the tools. */
function stops() {
  const over = screen.querySelector(".over");
  return [...(over ?? screen).querySelectorAll("button")];
}

function walk(step) {
  const all = stops();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length;
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
  announceFocus();
}

function announceFocus() {
  speak(document.activeElement?.dataset?.say);
}

function act(name) {
  if (name === "next") walk(1);
  else if (name === "previous") walk(-1);
  else if (name === "repeat") repeat();
  else if (name === "silence") silence();
  else if (name === "back" && view()?.dataset.back) press(view().dataset.back);
}

/** Say the screen again; whoever presses this first of all wants to hear something. */
function repeat() {
  const { idle, speech } = look();
  if (speech) speak(idle || speech);
  else press("speech");
}

screen.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter).catch(() => location.reload());
});

screen.addEventListener("click", (event) => {
  const name = event.target.closest("[data-act]")?.dataset.act;
  if (name) act(name);
});

screen.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("button")) notePresence();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (SWITCHES[event.key]) {
    event.preventDefault();
    if (!event.repeat) press(SWITCHES[event.key]);
    return;
  }
  const name = KEYS[event.key];
  if (name && name !== "select") {
    event.preventDefault();
    notePresence();
    act(name);
    return;
  }
  // A scanner is a keyboard: its first character may come while a button has the focus.
  const input = field();
  if (!input || event.target === input || event.key.length !== 1 || event.key === " ") return;
  input.focus();
  input.setSelectionRange(input.value.length, input.value.length);
});

const source = new EventSource(stream);
source.addEventListener("screen", (event) => {
  show(event.data);
  document.documentElement.setAttribute("data-ready", "");
});
