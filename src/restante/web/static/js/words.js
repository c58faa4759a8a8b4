// The texts of the elements. English here; a page in another language carries them as
// <script type="application/json" id="words">{"door.free": "Frei", …}</script>.

const english = {
  "door.free": "free",
  "door.occupied": "occupied",
  "door.reserved": "reserved",
  "door.open": "open",
  "door.out_of_service": "out of service",
  "door.uncertain": "uncertain",
  "door.letter.free": "",
  "door.letter.occupied": "P",
  "door.letter.reserved": "R",
  "door.letter.open": "O",
  "door.letter.out_of_service": "×",
  "door.letter.uncertain": "?",
  "cabinet.label": "Compartments of {name}",
  "cabinet.compartment": "Compartment {number}, {state}, {width} × {height} × {depth} mm",
  "cabinet.screen": "Screen",
  "cabinet.legend": "What the marks mean",
  "cabinet.empty": "This cabinet has no compartments yet.",
  "load.failed": "This could not be loaded. Check the connection, then try again.",
  "load.again": "Try again",
  "map.label": "Map of the sites. The list beside it shows the same.",
  "map.free": "{name}: {free} of {total} compartments free",
  "map.offline": "{name}: no connection",
  "map.failed": "The map cannot be drawn in this browser. The list shows the same sites.",
  "time.days": { one: "{n} day", other: "{n} days" },
  "time.hours": { one: "{n} hour", other: "{n} hours" },
  "time.minutes": { one: "{n} minute", other: "{n} minutes" },
  "time.left": "{span} left",
  "time.over": "{span} over",
  "time.now": "less than a minute left",
  "chart.table": "Show as a table",
  "chart.time": "Time",
  "chart.empty": "There is nothing to show for this time yet.",
  "scan.type": "Scan or type the label",
  "scan.enter": "Enter",
  "scan.camera": "Use the camera",
  "scan.stop": "Stop the camera",
  "scan.watching": "The camera is looking for a label.",
  "scan.refused": "The camera is not available. Allow it in the browser, or type the label.",
  "toast.dismiss": "Dismiss",
  "toast.failed": "That did not work. Nothing was changed. Please try again.",
  "toast.offline": "No connection. Nothing was sent; please try again when it is back.",
  "live.stale": "Live updates have stopped; trying to connect again.",
};

let local = null;

function read() {
  const block = document.getElementById("words");
  local = block ? JSON.parse(block.textContent) : {};
}

/** Say a text in the language of the page; a number under `n` chooses its plural form. */
export function say(key, values = {}) {
  if (!local) read();
  let text = local[key] ?? english[key] ?? key;
  if (typeof text === "object") {
    const rule = new Intl.PluralRules(document.documentElement.lang).select(values.n);
    text = text[rule] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
