// Scanning: the answer is also a sound and a flash of the whole screen, because eyes are on the
// parcel; and the page remembers which labels were good, for as long as the browser's tab lives.

const KEY = "checked";
/** Notes per tone, Hz: up is good, down is not, so that they differ without looking. */
const NOTES = {
  good: [880, 1320],
  info: [660, 660],
  warn: [520, 390],
  bad: [330, 220],
  odd: [440],
};
const NOTE_SECONDS = 0.11;

let speaker = null;

function play(tone) {
  const Audio = window.AudioContext;
  if (!Audio) return;
  speaker ??= new Audio();
  if (speaker.state === "suspended") speaker.resume();
  (NOTES[tone] ?? NOTES.odd).forEach((pitch, place) => {
    const start = speaker.currentTime + place * NOTE_SECONDS * 1.2;
    const voice = speaker.createOscillator();
    const volume = speaker.createGain();
    voice.frequency.value = pitch;
    volume.gain.setValueAtTime(0.18, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + NOTE_SECONDS);
    voice.connect(volume).connect(speaker.destination);
    voice.start(start);
    voice.stop(start + NOTE_SECONDS);
  });
}

function flash(tone) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const light = document.createElement("div");
  light.className = `flash tone-${tone}`;
  light.setAttribute("aria-hidden", "true");
  light.addEventListener("animationend", () => light.remove());
  document.body.append(light);
}

function readChecked() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Set();
  }
}

function check(parcel) {
  if (!parcel) return;
  const checked = readChecked().add(parcel);
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...checked]));
  } catch {
    // Without storage the ticks last until the next page.
  }
  showChecked(checked);
}

function showChecked(checked) {
  let count = 0;
  const seen = new Set();
  for (const line of document.querySelectorAll("[data-parcel]")) {
    const isChecked = checked.has(line.dataset.parcel);
    line.toggleAttribute("data-checked", isChecked);
    if (isChecked && !seen.has(line.dataset.parcel)) count += 1;
    seen.add(line.dataset.parcel);
  }
  for (const place of document.querySelectorAll("[data-checked-count]")) place.textContent = count;
}

function answer(verdict) {
  const tone = [...verdict.classList].find((name) => name.startsWith("tone-"))?.slice(5) ?? "odd";
  play(tone);
  flash(tone);
  if (tone !== "good") navigator.vibrate?.([80, 60, 80]);
  check(verdict.dataset.parcelHeard);
  const field = document.querySelector("#scan-form input[name=label]");
  if (field) {
    field.value = "";
    field.focus({ preventScroll: true });
  }
}

const heard = document.getElementById("heard");
if (heard) {
  new MutationObserver(() => {
    const verdict = heard.querySelector("[data-verdict]");
    if (verdict) answer(verdict);
  }).observe(heard, { childList: true });
}
showChecked(readChecked());
