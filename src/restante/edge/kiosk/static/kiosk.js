// The kiosk's screen: forms go without a page load, the screen follows the stream, and whatever a
// scanner types lands in the field. Without this file every form still works.

const screen = document.getElementById("screen");
const stream = document.body.dataset.stream;
let shown = "";

/** Put a new screen in place; what is being typed and where the focus is stay, on one screen. */
function show(markup, { keepTyped = true } = {}) {
  // The answer to a form and the stream bring the same screen: the second changes nothing.
  if (markup === shown && keepTyped) return;
  shown = markup;
  const before = screen.querySelector("main")?.dataset.name;
  const typed = field()?.value ?? "";
  const focused = mark(document.activeElement);
  const incoming = new DOMParser().parseFromString(markup, "text/html").body;
  const same = incoming.querySelector("main")?.dataset.name === before;
  const wasWritten = field()?.defaultValue ?? "";
  screen.replaceChildren(...incoming.childNodes);
  const input = field();
  document.documentElement.dataset.screen = screen.querySelector("main")?.dataset.name ?? "";
  if (keepTyped && same && input && typed !== wasWritten && input.defaultValue === wasWritten) input.value = typed;
  const idle = screen.querySelector(".idle button");
  const again = same && focused ? [...screen.querySelectorAll("button")].find((one) => mark(one) === focused) : null;
  (idle ?? again ?? input ?? screen.querySelector("button.main"))?.focus({ preventScroll: true });
  if (input && document.activeElement === input) input.setSelectionRange(input.value.length, input.value.length);
}

function field() {
  return screen.querySelector("#text");
}

function mark(element) {
  return element instanceof HTMLButtonElement ? `${element.name}=${element.value}` : "";
}

/** Send a form and show the answer; when the controller is away, the page says so by reloading. */
async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const response = await fetch(form.action, { method: "POST", body, headers: { accept: "text/x-fragment" } });
  if (response.ok) show(await response.text(), { keepTyped: form.id !== "scan" });
  else location.reload();
}

screen.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter).catch(() => location.reload());
});

// A scanner is a keyboard: its first character may come while a button has the focus.
document.addEventListener("keydown", (event) => {
  const input = field();
  if (!input || event.target === input || event.key.length !== 1) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.key === " ") return;
  input.focus();
  input.setSelectionRange(input.value.length, input.value.length);
});

const source = new EventSource(stream);
source.addEventListener("screen", (event) => {
  show(event.data);
  document.documentElement.setAttribute("data-ready", "");
});
