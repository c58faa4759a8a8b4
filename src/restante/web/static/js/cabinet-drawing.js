// <cabinet-drawing>: the real cabinet, compartment by compartment, in its true proportions.
//
//   <cabinet-drawing src="/lockers/l_1/cabinet.json" selected="c_7" selectable live="locker"></cabinet-drawing>
//
// Data: {"id": "l_1", "name": "Locker A", "columns": [{"width_mm": 380, "cells": [
//          {"id": "c_1", "number": "1", "height_mm": 80, "width_mm": 380, "depth_mm": 640,
//           "state": "free", "note": "…"}, {"kind": "screen", "height_mm": 420}, {"kind": "blank", …}]}]}
// Cells stand from top to bottom. States: free, occupied, reserved, open, out_of_service, uncertain;
// each has its own pattern or shape and a letter besides its color.
// With `selectable` every compartment is a button; it emits `compartment-selected` {id, number, state}.
// With `live="NAME"` it takes events `live:NAME` {"locker": "l_1", "compartments": [{"id", "state", "note"}]}.
// It never turns with the direction of writing, because the steel does not either.

import { html, svg, nothing } from "./lit.js";
import { DataElement } from "./element.js";
import { say } from "./words.js";

const WALL = 22;
const PLINTH = 110;
/** A door of 80 mm, the lowest in use, becomes 24 px (WCAG 2.2, 2.5.8). */
const PRESSABLE_PX_PER_MM = 0.3;
const STATES = ["free", "occupied", "reserved", "open", "out_of_service", "uncertain"];

/** Work out where everything stands, in mm. */
function lay(model) {
  let x = WALL;
  const columns = model.columns.map((column) => {
    const left = x;
    let y = WALL;
    const cells = column.cells.map((cell) => {
      const placed = { ...cell, x: left, y, w: column.width_mm, h: cell.height_mm };
      y += cell.height_mm + WALL;
      return placed;
    });
    x += column.width_mm + WALL;
    return { left, width: column.width_mm, cells, bottom: y };
  });
  const height = Math.max(0, ...columns.map((column) => column.bottom));
  return { columns, width: x, height };
}

class CabinetDrawing extends DataElement {
  static properties = {
    ...DataElement.properties,
    selected: { reflect: true },
    selectable: { type: Boolean },
    legend: {},
    live: {},
  };

  constructor() {
    super();
    this.onLive = (event) => this.change(event.detail.data);
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.live) document.addEventListener(`live:${this.live}`, this.onLive);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    if (this.live) document.removeEventListener(`live:${this.live}`, this.onLive);
  }

  /** Apply what became different at this locker. */
  change(news) {
    if (!this.model || !news || (news.locker && news.locker !== this.model.id)) return;
    const byId = new Map(news.compartments.map((changed) => [changed.id, changed]));
    const columns = this.model.columns.map((column) => ({
      ...column,
      cells: column.cells.map((cell) => (byId.has(cell.id) ? { ...cell, ...byId.get(cell.id) } : cell)),
    }));
    this.model = { ...this.model, columns };
  }

  choose(cell) {
    this.selected = cell.id;
    this.announce("compartment-selected", { id: cell.id, number: cell.number, state: cell.state });
  }

  /** Arrow keys go to the neighbor in the steel, Tab leaves the drawing. */
  move(event, cell) {
    const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(cell);
    }
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const middle = (at) => [at.x + at.w / 2, at.y + at.h / 2];
    const [fromX, fromY] = middle(cell);
    let best = null;
    let bestFar = Infinity;
    for (const other of this.doors) {
      const [x, y] = middle(other);
      const ahead = (x - fromX) * step[0] + (y - fromY) * step[1];
      const aside = step[0] ? Math.abs(y - fromY) : Math.abs(x - fromX);
      if (ahead <= 1 || other === cell) continue;
      const far = ahead + 3 * aside;
      if (far < bestFar) [best, bestFar] = [other, far];
    }
    if (best) {
      this.focused = best.id;
      this.requestUpdate();
      this.updateComplete.then(() => this.querySelector(`[data-compartment="${CSS.escape(best.id)}"]`)?.focus());
    }
  }

  updated(changed) {
    super.updated(changed);
    const picture = this.querySelector(".cabinet-picture");
    // Small doors stay large enough to press; a wide cabinet is scrolled instead of shrunk.
    if (picture && this.selectable) picture.style.minInlineSize = `${picture.viewBox.baseVal.width * PRESSABLE_PX_PER_MM}px`;
    if (this.model) this.dataset.ready = "";
  }

  render() {
    if (this.failure) return this.renderFailure();
    if (!this.model) return nothing;
    const plan = lay(this.model);
    this.doors = plan.columns.flatMap((column) => column.cells.filter((cell) => cell.id));
    if (!this.doors.length) return html`<p class="soft">${say("cabinet.empty")}</p>`;
    const focusable = this.doors.find((cell) => cell.id === (this.focused ?? this.selected)) ?? this.doors[0];
    const label = say("cabinet.label", { name: this.model.name ?? "" });
    return html`<div class="cabinet">
      <div class="cabinet-scroll">
        <svg class="cabinet-picture" viewBox="0 0 ${plan.width} ${plan.height + PLINTH}"
             width=${plan.width} height=${plan.height + PLINTH} role=${this.selectable ? "group" : "list"} aria-label=${label}>
          <rect class="cabinet-floor" x="-30" y=${plan.height + PLINTH - 8} width=${plan.width + 60} height="10" rx="5"></rect>
          <path class="cabinet-case" stroke-width="4" d=${`M20 0H${plan.width - 20}a20 20 0 0 1 20 20V${plan.height + PLINTH - 12}H${plan.width - 70}V${plan.height + PLINTH - 46}H70V${plan.height + PLINTH - 12}H0V20A20 20 0 0 1 20 0Z`}></path>
          ${plan.columns.map((column) => column.cells.map((cell) => (cell.id ? this.drawDoor(cell, cell === focusable) : drawOther(cell))))}
        </svg>
      </div>
      ${this.legend === "none" ? nothing : this.drawLegend()}
    </div>`;
  }

  drawDoor(cell, isFirst) {
    const text = say("cabinet.compartment", {
      number: cell.number,
      state: say(`door.${cell.state}`),
      width: cell.width_mm ?? cell.w,
      height: cell.height_mm,
      depth: cell.depth_mm ?? "?",
    });
    const label = cell.note ? `${text}. ${cell.note}` : text;
    // What is drawn is said in the label; heard twice it would only confuse.
    const { x, y, w, h } = cell;
    const picture = svg`<g aria-hidden="true">${drawLeaf(cell)}</g>`;
    const area = svg`<title>${label}</title>
      <rect class="ring" x=${x - 9} y=${y - 9} width=${w + 18} height=${h + 18} rx="14" stroke-width="9"></rect>
      <rect class="touch" x=${x} y=${y} width=${w} height=${h}></rect>`;
    if (!this.selectable) {
      return svg`<g class="door" role="listitem" aria-label=${label} data-state=${cell.state} data-compartment=${cell.id}>${picture}${area}</g>`;
    }
    return svg`<g class="door" data-state=${cell.state}>${picture}<g class="door-button" role="button" tabindex=${isFirst ? 0 : -1}
        aria-label=${label} aria-pressed=${this.selected === cell.id ? "true" : "false"} data-compartment=${cell.id}
        @click=${() => this.choose(cell)} @keydown=${(event) => this.move(event, cell)}>${area}</g></g>`;
  }

  drawLegend() {
    const present = STATES.filter((state) => this.doors.some((cell) => cell.state === state));
    return html`<ul class="cabinet-legend" aria-label=${say("cabinet.legend")}>
      ${present.map((state) => html`<li><svg viewBox="0 0 110 90" aria-hidden="true"><g data-state=${state}>
        ${drawLeaf({ x: 0, y: 0, w: 110, h: 90, state, number: "" })}</g></svg>${say(`door.${state}`)}</li>`)}
    </ul>`;
  }
}

/** A screen with its reader, or a blank plate. */
function drawOther({ kind, x, y, w, h }) {
  if (kind !== "screen") return svg`<rect class="cabinet-case" x=${x} y=${y} width=${w} height=${h} rx="6" stroke-width="2"></rect>`;
  const high = Math.min(h * 0.55, w * 0.62);
  return svg`<g role="presentation" aria-hidden="true">
    <rect class="cabinet-case" x=${x} y=${y} width=${w} height=${h} rx="6" stroke-width="2"></rect>
    <rect class="cabinet-screen" x=${x + w * 0.1} y=${y + h * 0.1} width=${w * 0.8} height=${high} rx="10"></rect>
    <rect class="cabinet-glow" x=${x + w * 0.2} y=${y + h * 0.1 + high * 0.36} width=${w * 0.6} height=${high * 0.28} rx="8"></rect>
    <rect class="cabinet-screen" x=${x + w * 0.36} y=${y + h * 0.1 + high + h * 0.09} width=${w * 0.28} height=${Math.min(h * 0.1, 44)} rx="6"></rect>
  </g>`;
}

/** One door with its number, and with the mark of its state. */
function drawLeaf({ x, y, w, h, state, number }) {
  const letter = say(`door.letter.${state}`);
  const size = Math.max(30, Math.min(62, h * 0.62));
  const middle = y + h / 2 + size * 0.35;
  const hatches = [];
  if (state === "out_of_service") {
    for (let at = 46; at < w + h; at += 46) {
      const [fromX, fromY] = at < h ? [x, y + at] : [x + at - h, y + h];
      const [toX, toY] = at < w ? [x + at, y] : [x + w, y + at - w];
      hatches.push(svg`<line class="hatch" x1=${fromX} y1=${fromY} x2=${toX} y2=${toY} stroke-width="5"></line>`);
    }
  }
  const swung = Math.min(w * 0.3, 130);
  return svg`
    <rect class="leaf" x=${x} y=${y} width=${w} height=${h} rx="7" stroke-width="4"></rect>
    ${hatches}
    ${state === "open"
      ? svg`<path class="swung" d=${`M${x} ${y}l${swung} ${Math.min(16, h * 0.12)}v${h - 2 * Math.min(16, h * 0.12)}l${-swung} ${Math.min(16, h * 0.12)}z`}></path>`
      : svg`<circle class="door-handle" cx=${x + w - 26} cy=${y + h / 2} r=${Math.min(11, h * 0.12)}></circle>`}
    ${number ? svg`<text class="door-number" x=${state === "open" ? x + swung + 22 : x + 24} y=${middle} font-size=${size}>${number}</text>` : nothing}
    ${letter ? svg`<text class="door-letter" x=${number ? x + w - 56 : x + w / 2} y=${middle} font-size=${size} text-anchor=${number ? "end" : "middle"}>${letter}</text>` : nothing}`;
}

customElements.define("cabinet-drawing", CabinetDrawing);
