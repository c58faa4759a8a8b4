// A drawing of routes that is moved, zoomed and asked. It stands alone, without imports, because it
// is also written into files that open without a network.

const STEP = 1.35;
const CLOSE = 3;
const ZOOM_MAX = 60;
/** Pixels a pointer may move and still count as a click. */
const SLIP = 6;

class RouteMap {
  constructor(root) {
    this.root = root;
    this.view = root.querySelector("[data-view]");
    this.svg = this.view.querySelector("svg");
    this.said = root.querySelector("[data-said]");
    this.whole = { x: 0, y: 0, w: Number(this.svg.dataset.width), h: Number(this.svg.dataset.height) };
    this.box = { ...this.whole };
    this.pointers = new Map();
    this.moved = 0;
    this.listen();
    new ResizeObserver(() => this.show()).observe(this.svg);
    this.show();
    root.dataset.ready = "";
  }

  listen() {
    this.root.addEventListener("click", (event) => this.click(event));
    this.view.addEventListener("keydown", (event) => this.key(event));
    this.view.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.view.addEventListener("pointerdown", (event) => this.press(event));
    this.view.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.view.addEventListener(name, (event) => this.release(event));
  }

  /** Show the part of the drawing in `box`; marks keep their size on the screen. */
  show() {
    const { x, y, w, h } = this.box;
    this.svg.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    const frame = this.svg.getBoundingClientRect();
    const perPixel = frame.width ? Math.max(w / frame.width, h / frame.height) : 1;
    this.svg.style.setProperty("--k", String(perPixel));
    this.svg.toggleAttribute("data-close", this.whole.w / w >= CLOSE);
  }

  /** Zoom so that the point under (clientX, clientY), or the middle, stays where it is. */
  zoom(factor, clientX, clientY) {
    const frame = this.svg.getBoundingClientRect();
    const across = clientX === undefined ? 0.5 : (clientX - frame.left) / frame.width;
    const down = clientY === undefined ? 0.5 : (clientY - frame.top) / frame.height;
    const w = Math.min(this.whole.w * 1.2, Math.max(this.whole.w / ZOOM_MAX, this.box.w / factor));
    const h = (w / this.whole.w) * this.whole.h;
    this.box = { x: this.box.x + (this.box.w - w) * across, y: this.box.y + (this.box.h - h) * down, w, h };
    this.show();
  }

  move(dx, dy) {
    this.box.x = Math.min(this.whole.w, Math.max(-this.box.w, this.box.x + dx));
    this.box.y = Math.min(this.whole.h, Math.max(-this.box.h, this.box.y + dy));
    this.show();
  }

  all() {
    this.box = { ...this.whole };
    this.show();
  }

  /** Show one route as large as it fits; 0 for everything. */
  fit(number) {
    const line = this.svg.querySelector(`[data-route="${number}"] .route-line`);
    if (!line) return this.all();
    const { x, y, width, height } = line.getBBox();
    const w = Math.min(this.whole.w, Math.max(this.whole.w / ZOOM_MAX, 1.25 * Math.max(width, (height * this.whole.w) / this.whole.h)));
    const h = (w / this.whole.w) * this.whole.h;
    this.box = { x: x + (width - w) / 2, y: y + (height - h) / 2, w, h };
    return this.show();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = this.box.w / 10;
    const actions = {
      ArrowLeft: () => this.move(-step, 0), ArrowRight: () => this.move(step, 0),
      ArrowUp: () => this.move(0, -step), ArrowDown: () => this.move(0, step),
      "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP),
      0: () => this.all(), Escape: () => this.choose(0),
    };
    if (!actions[event.key]) return;
    actions[event.key]();
    event.preventDefault();
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX, event.clientY);
  }

  press(event) {
    this.pointers.set(event.pointerId, event);
    this.moved = 0;
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const frame = this.svg.getBoundingClientRect();
    const perPixel = this.box.w / frame.width;
    const dx = event.clientX - before.clientX;
    const dy = event.clientY - before.clientY;
    this.moved += Math.hypot(dx, dy);
    if (this.moved > SLIP && !this.view.hasPointerCapture(event.pointerId)) this.view.setPointerCapture(event.pointerId);
    if (this.pointers.size === 2) this.pinch(event, before);
    else this.move(-dx * perPixel, -dy * perPixel);
    this.pointers.set(event.pointerId, event);
  }

  pinch(event, before) {
    const other = [...this.pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    if (apart(before) > 0) this.zoom(apart(event) / apart(before), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
  }

  release(event) {
    this.pointers.delete(event.pointerId);
  }

  click(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const zoom = target.closest("[data-zoom]")?.dataset.zoom;
    if (zoom) ({ in: () => this.zoom(STEP), out: () => this.zoom(1 / STEP), all: () => this.all() })[zoom]();
    const choice = target.closest("[data-choose]");
    if (choice) {
      this.choose(Number(choice.dataset.choose));
      this.fit(Number(choice.dataset.choose));
    }
    if (!target.closest("[data-view]") || this.moved > SLIP) return;
    const route = target.closest("[data-route]");
    this.choose(route ? Number(route.dataset.route) : 0, Number(target.closest("[data-stop]")?.dataset.stop ?? 0));
  }

  /** Bring one route, and one of its stops, to the front; 0 for all. */
  choose(number, stop = 0) {
    const chosen = this.svg.querySelector(`[data-route="${number}"]`);
    this.svg.toggleAttribute("data-chosen-route", Boolean(chosen));
    for (const route of this.svg.querySelectorAll(".route")) route.toggleAttribute("data-chosen", route === chosen);
    for (const mark of this.svg.querySelectorAll("[data-number]")) mark.toggleAttribute("data-chosen", Number(mark.dataset.number) === number);
    for (const mark of this.svg.querySelectorAll(".route-stop")) mark.toggleAttribute("data-chosen", mark.parentNode === chosen && Number(mark.dataset.stop) === stop);
    if (chosen) chosen.parentNode.insertBefore(chosen, this.svg.querySelector(".route-depot"));
    for (const choice of this.root.querySelectorAll("[data-choose]")) choice.setAttribute("aria-pressed", String(Number(choice.dataset.choose) === number));
    for (const table of this.root.querySelectorAll("[data-table]")) table.hidden = Boolean(number) && Number(table.dataset.table) !== number;
    let row = null;
    for (const line of this.root.querySelectorAll("[data-row]")) {
      const isIt = Number(line.dataset.row) === stop && Number(line.closest("[data-table]").dataset.table) === number;
      line.toggleAttribute("data-chosen", isIt);
      if (isIt) row = line;
    }
    const name = this.root.querySelector(`[data-choose="${number}"]`)?.textContent.trim().replace(/\s+/g, " ") ?? "";
    this.said.textContent = row ? row.textContent.trim().replace(/\s+/g, " ") : name;
    row?.scrollIntoView({ block: "nearest" });
  }
}

for (const root of document.querySelectorAll("[data-route-map]")) new RouteMap(root);
